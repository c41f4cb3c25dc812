import type { RpcError } from '../status.ts';
import type { CallWriter } from './call-writer.ts';
import type { CarriedCall } from './carried-call.ts';
import type { FrameSender } from './frame-sender.ts';
import { full, WaitingCalls } from './waiting-calls.ts';

/** How many calls wait where the server has no room for more, and how long, both at most. */
export interface QueueLimits {
  readonly maxQueued: number;
  readonly maxQueuedMs: number;
}

/** Calls without a reply, by id; those that nobody waits for are undefined. */
export type SentCalls = Map<number, CarriedCall | undefined>;

/** Sends calls as the server has room for them. */
export class DepartingCalls {
  readonly #sender: FrameSender;
  readonly #sent: SentCalls;
  readonly #maxQueued: number;
  readonly #waiting: WaitingCalls;
  /** Whose long request waits for room. */
  readonly #long = new Set<CarriedCall>();
  #writer: CallWriter | undefined;
  #maxCalls = 0;

  constructor(sender: FrameSender, sent: SentCalls, { maxQueued, maxQueuedMs }: QueueLimits) {
    this.#sender = sender;
    this.#sent = sent;
    this.#maxQueued = maxQueued;
    this.#waiting = new WaitingCalls(maxQueuedMs, (one) => one.abandon(full()));
  }

  /** Of the last call that was sent. */
  get lastId(): number {
    return this.#writer?.lastId ?? 0;
  }

  /** Those that have not been sent. */
  get size(): number {
    return this.#waiting.size + this.#long.size;
  }

  /** The server takes so many calls at once. */
  open(writer: CallWriter, maxCalls: number): void {
    this.#writer = writer;
    this.#maxCalls = maxCalls;
  }

  send(one: CarriedCall): void {
    if (this.#writer && this.#waiting.size === 0 && this.#hasRoom()) this.#write(one, this.#writer);
    else if (this.size < this.#maxQueued) this.#waiting.add(one);
    else one.fail(full());
  }

  /** There may be room for more. */
  pump(): void {
    const writer = this.#writer;
    if (!writer) return;
    while (this.#waiting.size > 0 && this.#hasRoom()) {
      const one = this.#waiting.shift();
      if (one) this.#write(one, writer);
    }
  }

  /** Nobody waits for it any more. */
  leave(one: CarriedCall): void {
    this.#waiting.delete(one);
    this.#long.delete(one);
    if (one.long) this.#sender.removeLong(one.long);
  }

  /** Takes out those that have not been sent. */
  takeUnsent(): readonly CarriedCall[] {
    const long = [...this.#long];
    for (const one of long) this.leave(one);
    return [...this.#waiting.clear(), ...long];
  }

  #hasRoom(): boolean {
    return this.#sent.size + this.#long.size < this.#maxCalls && !this.#sender.isFull;
  }

  #write(one: CarriedCall, writer: CallWriter): void {
    try {
      const payload = writer.write(one);
      if (payload) this.#addLong(one, writer, payload);
      else this.#sent.set(one.id, one);
    } catch (error) {
      one.fail(error as RpcError);
    }
  }

  #addLong(one: CarriedCall, writer: CallWriter, payload: Buffer): void {
    this.#long.add(one);
    one.long = {
      payload,
      get id() {
        return one.id;
      },
      begin: () => {
        this.#long.delete(one);
        writer.writeLong(one, payload.length);
        this.#sent.set(one.id, one);
      },
    };
    this.#sender.addLong(one.long);
  }
}
