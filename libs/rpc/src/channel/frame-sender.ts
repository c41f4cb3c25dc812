import { ByteWriter } from '@millrace/contracts';
import { LongPayloads, type LongPayload } from './long-payloads.ts';
import type { Pipe } from './pipe.ts';
import { beginBlock, endBlock, numberTag, blockTag, writeBytes, writeNumber } from './wire-writer.ts';

/** A frame that is this long goes at once: the other end works on it while the next is written. Measured from 1 to 48 KiB. */
const FRAME_BYTES = 4 * 1024;
/** Frames are cut from pieces of memory of this size. */
const SLAB_BYTES = 16 * 1024;
/** How much may lie between this and the socket before frames wait here. */
const PIPE_BYTES = 256 * 1024;
/** The same of chunks, which short calls have to wait behind. */
const CHUNKED_PIPE_BYTES = 48 * 1024;
/** Behind so much else a chunk goes in any case: calls that never let the pipe run empty must not keep long ones waiting for ever. */
const CHUNK_TURN_BYTES = 32 * 1024;

const CHUNK_ID = numberTag(1);
const CHUNK_DATA = blockTag(2);

/** What a sender is made of. */
export interface FrameSenderOptions {
  readonly pipe: Pipe;
  /** Of the frame's field that holds chunks. */
  readonly chunkTag: number;
  /** Told when the socket takes frames again that had to wait. */
  readonly onRoom?: () => void;
}

/** A frame that waits, and how many calls, replies, cancels and credits are in it. */
interface WaitingFrame {
  readonly frame: Buffer;
  readonly fields: number;
}

/**
 * Sends frames. What is written during one phase of the event loop goes together, after it: one frame for many calls that come, or are
 * answered, at the same time, and hardly any delay for one that is alone.
 */
export class FrameSender {
  readonly #pipe: Pipe;
  readonly #chunkTag: number;
  readonly #onRoom: (() => void) | undefined;
  readonly #long = new LongPayloads();
  #slab = new ByteWriter(Buffer.alloc(0));
  /** Where the frame begins in the slab. */
  #begin = 0;
  /** How many fields the frame has so far. */
  #fields = 0;
  /** Frames that wait for room below. */
  #waiting: WaitingFrame[] = [];
  #waitingBytes = 0;
  #waitingFields = 0;
  /** Of the frames below, in the order in which they leave: no closure is made for each. */
  readonly #sizes: number[] = [];
  #belowBytes = 0;
  /** What has been cut since the last chunk. */
  #sinceChunkBytes = 0;
  #isDue = false;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor({ pipe, chunkTag, onRoom }: FrameSenderOptions) {
    this.#pipe = pipe;
    this.#onRoom = onRoom;
    this.#chunkTag = chunkTag;
  }

  /** Whether the socket takes less than there is to send: no new calls for now. */
  get isFull(): boolean {
    return this.#waitingBytes > 0;
  }

  /** What waits here for the socket. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Of long payloads that wait for room at the other end. */
  get waitingLongBytes(): number {
    return this.#long.waitingBytes;
  }

  /** How many fields wait for the socket: chunks do not count. */
  get waitingFields(): number {
    return this.#waitingFields;
  }

  /** The frame that is being written. Write one field of it, then call `written`. */
  frame(): ByteWriter {
    if (this.#slab.buffer.length - this.#slab.length < FRAME_BYTES / 2 && this.#begin === this.#slab.length) {
      this.#slab = new ByteWriter(Buffer.allocUnsafeSlow(SLAB_BYTES));
      this.#begin = 0;
    }
    return this.#slab;
  }

  written(): void {
    this.#fields += 1;
    if (this.#slab.length - this.#begin >= FRAME_BYTES) this.#cut();
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#flush);
  }

  /** Takes back what was written of the frame from `length` on. */
  takeBack(length: number): void {
    this.#slab.length = length;
    if (this.#slab.buffer.length > SLAB_BYTES) this.#renewSlab();
  }

  /** The same, and gives what was written from `from` on: memory of its own. */
  takeOut(from: number, length: number): Buffer {
    const taken = this.#slab.buffer.subarray(from, this.#slab.length);
    this.#slab.length = length;
    this.#renewSlab();
    return taken;
  }

  /** Puts a long payload in the queue. */
  addLong(one: LongPayload): void {
    this.#long.add(one);
    this.written();
  }

  removeLong(one: LongPayload): void {
    this.#long.remove(one);
  }

  /** The other end has room for so much of long payloads, all together. */
  open(longBytes: number): void {
    this.#long.open(longBytes);
    if (this.#long.hasPieces) this.written();
  }

  /** It has room again for so much of that. */
  credit(bytes: number): void {
    this.#long.credit(bytes);
    if (this.#long.hasPieces) this.written();
  }

  /** Calls back once when all has left. */
  whenEmpty(then: () => void): void {
    this.#onEmpty = then;
    this.written();
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingFields = 0;
    this.#onEmpty = undefined;
  }

  readonly #flush = (): void => {
    this.#isDue = false;
    if (this.#isClosed) return;
    this.#cut();
    this.#sendChunks();
    this.#tellEmpty();
  };

  /** The frame is as long as it gets. */
  #cut(): void {
    const { length, buffer } = this.#slab;
    if (length === this.#begin) return;
    const frame = buffer.subarray(this.#begin, length);
    const fields = this.#fields;
    this.#begin = length;
    this.#fields = 0;
    this.#pass(frame, fields);
    this.#sinceChunkBytes += frame.length;
    if (this.#sinceChunkBytes >= CHUNK_TURN_BYTES && this.#long.hasPieces) this.#passChunk();
  }

  #pass(frame: Buffer, fields: number): void {
    if (this.#belowBytes < PIPE_BYTES) this.#send(frame);
    else {
      this.#waiting.push({ frame, fields });
      this.#waitingBytes += frame.length;
      this.#waitingFields += fields;
    }
  }

  /** Another slab, that begins with what is written of the frame. */
  #renewSlab(): void {
    const begun = this.#slab.written().subarray(this.#begin);
    this.#slab = new ByteWriter(Buffer.allocUnsafeSlow(SLAB_BYTES + begun.length));
    this.#slab.buffer.set(begun);
    this.#slab.length = begun.length;
    this.#begin = 0;
  }

  #send(frame: Buffer): void {
    this.#belowBytes += frame.length;
    this.#sizes.push(frame.length);
    this.#pipe.send(frame, this.#left);
  }

  readonly #left = (): void => {
    this.#belowBytes -= this.#sizes.shift() ?? 0;
    if (this.#isClosed) return;
    if (this.#waitingBytes > 0) this.#sendWaiting();
    this.#sendChunks();
    this.#tellEmpty();
  };

  #sendWaiting(): void {
    while (this.#belowBytes < PIPE_BYTES) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#waitingBytes -= next.frame.length;
      this.#waitingFields -= next.fields;
      this.#send(next.frame);
    }
    if (this.#waitingBytes === 0) this.#onRoom?.();
  }

  #sendChunks(): void {
    while (this.#belowBytes < CHUNKED_PIPE_BYTES && this.#waitingBytes === 0) {
      if (!this.#long.hasPieces) return;
      // The head of its call may still lie in the frame.
      this.#cut();
      this.#passChunk();
    }
  }

  #passChunk(): void {
    this.#sinceChunkBytes = 0;
    const piece = this.#long.next();
    if (!piece) return;
    const chunk = new ByteWriter(Buffer.allocUnsafeSlow(piece.data.length + 32));
    const begin = beginBlock(chunk, this.#chunkTag);
    writeNumber(chunk, CHUNK_ID, piece.id);
    writeBytes(chunk, CHUNK_DATA, piece.data);
    endBlock(chunk, begin);
    this.#pass(chunk.written(), 0);
  }

  #tellEmpty(): void {
    const isEmpty = this.#belowBytes === 0 && this.#slab.length === this.#begin && !this.#long.hasPieces;
    if (!isEmpty || this.#waitingBytes + this.#long.waitingBytes > 0) return;
    const then = this.#onEmpty;
    this.#onEmpty = undefined;
    then?.();
  }
}
