import { setTimeout as delay } from 'node:timers/promises';
import type { Books } from './books.ts';
import { readUnderWay, type UnderWay } from './event-invariants.ts';

/** I5's bound: how long after the last fault everything may take to come to its end. */
const REST_LIMIT_MS = 30_000;
const POLL_MS = 100;

export interface RestOptions {
  /** Default: the bound of I5. */
  limitMs?: number;
  /** While something is under way. */
  onWait?(what: UnderWay): void;
}

/** Waits until nothing is under way, or until the time is over that it may take; the invariants then say what is left. */
export async function untilAtRest(books: Books, options: RestOptions = {}): Promise<void> {
  const { limitMs = REST_LIMIT_MS, onWait } = options;
  const until = performance.now() + limitMs;
  while (performance.now() < until) {
    const left = await readUnderWay(books);
    if (Object.values(left).every((n: bigint) => n === 0n)) return;
    onWait?.(left);
    await delay(POLL_MS);
  }
}
