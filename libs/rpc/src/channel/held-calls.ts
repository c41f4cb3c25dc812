import type { FrameSender } from './frame-sender.ts';
import type { ServedCall } from './served-call.ts';

/** How much of short replies may wait for the socket before no more calls begin. */
const BEHIND_BYTES = 1024 * 1024;

/** What is done with a call whose request is here. */
export type Begin = (call: ServedCall, payload: Buffer) => void;

/**
 * Calls whose requests are here begin at once, or as soon as replies have left for which they have to wait: a client that does not read
 * what it has asked for must not fill the memory. They keep their places meanwhile, so that it soon has none left.
 */
export class HeldCalls {
  readonly #sender: FrameSender;
  readonly #longBytes: number;
  readonly #begin: Begin;
  #held: [call: ServedCall, payload: Buffer][] = [];

  /** `longBytes` is how much of long replies may wait. */
  constructor(sender: FrameSender, longBytes: number, begin: Begin) {
    this.#sender = sender;
    this.#longBytes = longBytes;
    this.#begin = begin;
  }

  add(call: ServedCall, payload: Buffer): void {
    if (this.#held.length === 0 && !this.#isBehind()) this.#begin(call, payload);
    else this.#held.push([call, payload]);
  }

  /** Replies may have left. */
  release(): void {
    if (this.#held.length === 0 || this.#isBehind()) return;
    const held = this.#held;
    this.#held = [];
    for (const [call, payload] of held) this.#begin(call, payload);
  }

  #isBehind(): boolean {
    return this.#sender.waitingBytes > BEHIND_BYTES || this.#sender.waitingLongBytes > this.#longBytes;
  }
}
