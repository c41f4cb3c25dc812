import { Code } from '../status.ts';
import { Assembly, readChunk } from './assembly.ts';
import type { CarriedCall } from './carried-call.ts';
import { FrameError } from './frame-error.ts';
import type { FrameSender } from './frame-sender.ts';
import { REQUEST } from './request-frame.ts';
import type { ArrivedReply } from './response-frame.ts';
import type { WireReader } from './wire-reader.ts';
import { writeNumber } from './wire-writer.ts';

/** What a client takes of long replies. */
export interface ArrivingLimits {
  readonly messageBytes: number;
  readonly longBytes: number;
}

/** Long replies that come in pieces. */
export class ArrivingReplies {
  readonly #sender: FrameSender;
  readonly #messageBytes: number;
  #roomBytes: number;
  readonly #calls = new Map<number, CarriedCall>();

  constructor(sender: FrameSender, { messageBytes, longBytes }: ArrivingLimits) {
    this.#sender = sender;
    this.#messageBytes = messageBytes;
    this.#roomBytes = longBytes;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** A call is answered by a long reply. Undefined where nobody waits for it any more. */
  begin(one: CarriedCall | undefined, reply: ArrivedReply): void {
    const { longBytes, headers, trailers } = reply;
    // Nobody else knows it any more: what breaks the channel here must find it.
    if (one) this.#calls.set(one.id, one);
    if (longBytes > this.#messageBytes) {
      throw new FrameError('a reply that is too long', Code.RESOURCE_EXHAUSTED);
    }
    if (longBytes > this.#roomBytes)
      throw new FrameError('more than there is room for', Code.RESOURCE_EXHAUSTED);
    this.#roomBytes -= longBytes;
    if (!one) {
      this.#letGo(longBytes);
      return;
    }
    one.metadata = { headers, trailers };
    one.assembly = new Assembly(longBytes);
  }

  /** Reads the chunk that is next. `lastId` is of the last call that was sent: chunks of one that is over may still be on their way. */
  takeChunk(from: WireReader, lastId: number): void {
    const { id, data } = readChunk(from);
    const one = this.#calls.get(id);
    if (!one?.assembly || !one.metadata) {
      if (id > lastId) throw new FrameError('a chunk of no call');
      return;
    }
    const whole = one.assembly.add(data);
    if (!whole) return;
    this.#calls.delete(id);
    this.#letGo(whole.length);
    one.succeed(whole, one.metadata);
  }

  /** Nobody waits for it any more. False where it is none of these. */
  leave(one: CarriedCall): boolean {
    if (!one.assembly || !this.#calls.delete(one.id)) return false;
    this.#letGo(one.assembly.totalBytes);
    return true;
  }

  /** Takes all out. */
  clear(): readonly CarriedCall[] {
    const all = [...this.#calls.values()];
    this.#calls.clear();
    return all;
  }

  #letGo(bytes: number): void {
    this.#roomBytes += bytes;
    writeNumber(this.#sender.frame(), REQUEST.creditBytes, bytes);
    this.#sender.written();
  }
}
