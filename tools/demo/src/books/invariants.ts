import { everyEventArrives } from './event-invariants.ts';
import type { Invariant } from './finding.ts';
import { booksBalance, neverConfirmedAndRefunded, oneCharge } from './money-invariants.ts';
import { everyCallEnds, everyOrderExistsOnce, everySagaEnds, oneKeyOneReply } from './order-invariants.ts';

/** What must be true after any run, whatever was killed in it. Read from the databases at rest. */
export const INVARIANTS: readonly Invariant[] = [
  { id: 'I1', title: 'every acknowledged order exists once', check: everyOrderExistsOnce },
  { id: 'I2', title: 'at most one charge per order', check: oneCharge },
  { id: 'I3', title: 'charged minus refunded is what was confirmed', check: booksBalance },
  { id: 'I4', title: 'never both confirmed and refunded', check: neverConfirmedAndRefunded },
  { id: 'I5', title: 'every saga came to its end', check: everySagaEnds },
  { id: 'I6', title: 'every event arrived once, in order', check: everyEventArrives },
  { id: 'I7', title: 'one key, one reply', check: oneKeyOneReply },
  { id: 'I8', title: 'every call ended by its deadline', check: everyCallEnds },
];
