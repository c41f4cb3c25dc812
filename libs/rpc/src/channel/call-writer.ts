import { Code, RpcError } from '../status.ts';
import type { CarriedCall } from './carried-call.ts';
import type { FrameSender } from './frame-sender.ts';
import { CHUNK_BYTES } from './long-payloads.ts';
import { MetadataWriter } from './metadata-writer.ts';
import { beginCall, writeLongBytes, writePayload, type CallHead } from './request-frame.ts';
import { endBlock } from './wire-writer.ts';

/** What the server has said in its hello. */
export interface CallWriterOptions {
  readonly sender: FrameSender;
  /** Places of the methods by their paths. */
  readonly methods: ReadonlyMap<string, number>;
  /** The longest request. */
  readonly maxMessageBytes: number;
  /** The most metadata of a call, as HTTP/2 counts it. */
  readonly maxMetadataBytes: number;
  readonly slots: number;
}

/** Whole milliseconds, and never more than is left, so that deadlines shrink from hop to hop; but for the least there is. */
function timeoutOf(deadlineMs: number): number | undefined {
  if (deadlineMs === Infinity) return undefined;
  return Math.min(Math.max(1, Math.floor(deadlineMs - performance.now())), 0x7fffffff);
}

/** Writes calls into frames. */
export class CallWriter {
  readonly #options: CallWriterOptions;
  readonly #metadata: MetadataWriter;
  /** Of the last call that was written. */
  lastId = 0;

  constructor(options: CallWriterOptions) {
    this.#options = options;
    this.#metadata = new MetadataWriter(options.slots, options.maxMetadataBytes);
  }

  /**
   * Writes a call, and gives it its id. One whose request is long is not written: its request is, to memory of its own, which comes back.
   * Throws an RpcError when it cannot be sent, and then nothing is.
   */
  write(one: CarriedCall): Buffer | undefined {
    const { sender } = this.#options;
    const frame = sender.frame();
    const { length } = frame;
    try {
      const begin = beginCall(frame, this.#headOf(one), this.#metadata);
      const bytes = writePayload(frame, one.call.method.request, one.call.request);
      this.#check(bytes);
      one.call.traffic.sentBytes += bytes;
      if (bytes > CHUNK_BYTES) {
        this.#metadata.takeBack();
        return sender.takeOut(frame.length - bytes, length);
      }
      endBlock(frame, begin);
    } catch (error) {
      this.#metadata.takeBack();
      sender.takeBack(length);
      throw unwritable(error);
    }
    one.id = ++this.lastId;
    sender.written();
    return undefined;
  }

  /** Writes a call whose request follows in chunks. */
  writeLong(one: CarriedCall, bytes: number): void {
    const frame = this.#options.sender.frame();
    const begin = beginCall(frame, this.#headOf(one), this.#metadata);
    writeLongBytes(frame, bytes);
    endBlock(frame, begin);
    one.id = ++this.lastId;
  }

  #headOf({ call }: CarriedCall): CallHead {
    return {
      id: this.lastId + 1,
      method: this.#options.methods.get(call.method.path) ?? -1,
      timeoutMs: timeoutOf(call.deadlineMs),
      metadata: call.metadata,
    };
  }

  #check(bytes: number): void {
    const { maxMessageBytes } = this.#options;
    if (bytes <= maxMessageBytes) return;
    const message = `the request is longer than ${maxMessageBytes} bytes`;
    throw new RpcError(Code.RESOURCE_EXHAUSTED, message, { sent: 'never' });
  }
}

function unwritable(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return new RpcError(Code.INTERNAL, 'the request cannot be written', { sent: 'never', cause: error });
}
