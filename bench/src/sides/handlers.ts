import type { Call } from '@millrace/rpc';
import { placed } from '../messages.ts';
import type { Handling } from './traffic.ts';

const LEAST_MS = 1;
const MOST_MS = 5;

/** After 1, 2, 3, 4 or 5 ms, each as often. */
export function later(then: () => void): void {
  setTimeout(then, LEAST_MS + Math.floor(Math.random() * (MOST_MS - LEAST_MS + 1)));
}

const HANDLERS = {
  instant: () => Promise.resolve(placed),
  slow: () => new Promise((resolve) => later(() => resolve(placed))),
  signals: (_request, { signal }) =>
    signal.aborted ? Promise.reject(signal.reason) : Promise.resolve(placed),
} satisfies Record<Handling, (request: unknown, call: Call) => Promise<unknown>>;

/** Answers PlaceOrder as a handler of the kit. */
export function placeOrderHandler(handling: Handling): (request: unknown, call: Call) => Promise<unknown> {
  return HANDLERS[handling];
}
