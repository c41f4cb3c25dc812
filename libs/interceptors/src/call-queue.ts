import type { Call, Sent } from '@millrace/rpc';

/** A call that waits for its place. */
interface Waiter {
  readonly call: Call;
  readonly sinceMs: number;
  /** Gives it its place. */
  readonly begin: () => void;
}

/** Calls in the order they came. One that is cancelled, or whose deadline passes, leaves at once. */
export class CallQueue {
  readonly #waiters = new Set<Waiter>();
  readonly #sent: Sent;

  /** `sent` is said of calls that leave without having had a place. */
  constructor(sent: Sent) {
    this.#sent = sent;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** The call that is next. */
  get first(): Call | undefined {
    for (const { call } of this.#waiters) return call;
    return undefined;
  }

  /** How long the first has waited; 0 when there is none. */
  ageMs(nowMs: number): number {
    for (const { sinceMs } of this.#waiters) return nowMs - sinceMs;
    return 0;
  }

  /** Resolves when the call has its place; rejects with why it is not wanted any more. */
  wait(call: Call, sinceMs = 0): Promise<void> {
    const place = Promise.withResolvers<void>();
    const begin = (): void => {
      undo();
      place.resolve();
    };
    const waiter: Waiter = { call, sinceMs, begin };
    this.#waiters.add(waiter);
    const undo = call.onCancel((why) => {
      this.#waiters.delete(waiter);
      place.reject(why.with({ sent: this.#sent }));
    });
    return place.promise;
  }

  /** Takes the first out. Throws when there is none. */
  shift(): Waiter {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      return waiter;
    }
    throw new Error('nobody waits');
  }
}
