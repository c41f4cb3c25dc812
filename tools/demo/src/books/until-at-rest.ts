import { setTimeout as delay } from 'node:timers/promises';
import type { Books } from './books.ts';
import { underWay } from './event-invariants.ts';

/** I5's bound: how long after the last fault everything may take to come to its end. */
const REST_LIMIT_MS = 30_000;
const POLL_MS = 100;

/** Waits until nothing is under way, or until the time is over that it may take; the invariants then say what is left. */
export async function untilAtRest(books: Books, limitMs = REST_LIMIT_MS): Promise<void> {
  const until = performance.now() + limitMs;
  while ((await underWay(books)) > 0 && performance.now() < until) await delay(POLL_MS);
}
