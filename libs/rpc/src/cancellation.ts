import type { RpcError } from './status.ts';

/** Takes back a subscription. */
export type Undo = () => void;

const NOTHING: Undo = () => undefined;

/**
 * Whether a piece of work is still wanted. Cheaper than an AbortController, which is made only when somebody reads
 * `signal`.
 */
export class Cancellation {
  #why: RpcError | undefined;
  #listeners: Set<(why: RpcError) => void> | undefined;
  #controller: AbortController | undefined;

  /** Why the work is no longer wanted; undefined while it is. */
  get why(): RpcError | undefined {
    return this.#why;
  }

  /** For APIs that take one; its reason is the RpcError. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#why) this.#controller.abort(this.#why);
    }
    return this.#controller.signal;
  }

  /** Calls back once, at once if it is cancelled already. Take the subscription back when the work is over. */
  onCancel(listener: (why: RpcError) => void): Undo {
    if (this.#why) {
      listener(this.#why);
      return NOTHING;
    }
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** The first reason stays. */
  cancel(why: RpcError): void {
    if (this.#why) return;
    this.#why = why;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    this.#controller?.abort(why);
    for (const listener of listeners ?? []) listener(why);
  }

  /** How many are subscribed; for tests that look for leaks. */
  get listenerCount(): number {
    return this.#listeners?.size ?? 0;
  }
}
