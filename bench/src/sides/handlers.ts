import type { Call } from '@millrace/rpc';
import { placed } from '../messages.ts';
import type { Handling } from './traffic.ts';

const LEAST_MS = 1;
const MOST_MS = 5;

const flight = { now: 0, most: 0 };

/** How many slow handlers of this process ran at once, at most. */
export function mostInFlight(): number {
  return flight.most;
}

/** After 1, 2, 3, 4 or 5 ms, each as often. */
export function later(then: () => void): void {
  flight.now += 1;
  flight.most = Math.max(flight.most, flight.now);
  const done = (): void => {
    flight.now -= 1;
    then();
  };
  setTimeout(done, LEAST_MS + Math.floor(Math.random() * (MOST_MS - LEAST_MS + 1)));
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
