import type { RpcError } from './status.ts';

/** Takes back a subscription. */
export type Undo = () => void;

type Listener = (why: RpcError) => void;

const NOTHING: Undo = () => undefined;

/**
 * Whether a piece of work is still wanted. Cheaper than an AbortController, which is made only when somebody reads
 * `signal`.
 */
export class Cancellation {
  #why: RpcError | undefined;
  /** The first of them: most have one, and a set for it would be most of what a cancellation costs. */
  #listener: Listener | undefined;
  #others: Set<Listener> | undefined;
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
    if (this.#listener || this.#others?.size) {
      const others = (this.#others ??= new Set());
      others.add(listener);
      return () => void others.delete(listener);
    }
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  /** The first reason stays. */
  cancel(why: RpcError): void {
    if (this.#why) return;
    this.#why = why;
    const listener = this.#listener;
    const others = this.#others;
    this.#listener = this.#others = undefined;
    this.#controller?.abort(why);
    listener?.(why);
    for (const other of others ?? []) other(why);
  }

  /** How many are subscribed; for tests that look for leaks. */
  get listenerCount(): number {
    return (this.#listener ? 1 : 0) + (this.#others?.size ?? 0);
  }
}
