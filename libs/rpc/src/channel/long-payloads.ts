/** A payload that goes in chunks, and the call that it is of. */
export interface LongPayload {
  readonly id: number;
  readonly payload: Buffer;
  /** Says how long it is; the chunks follow. */
  begin(): void;
  /** The last of them has been taken. */
  end?(): void;
}

/** A piece of one. */
export interface Piece {
  readonly id: number;
  readonly data: Buffer;
}

/** Longer payloads go in chunks, which are as long as this. */
export const CHUNK_BYTES = 16 * 1024;

/**
 * Long payloads on their way out. One begins when the other end has room for all of it, in the order they came, so that none stops half way
 * for want of room; those that have begun take turns.
 */
export class LongPayloads {
  /** None, until the other end has said how much it takes. */
  #limitBytes = 0;
  #creditBytes = 0;
  #waitingBytes = 0;
  readonly #waiting = new Set<LongPayload>();
  readonly #sending = new Map<LongPayload, number>();

  /** Of those that have not begun. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether there is a piece to send. */
  get hasPieces(): boolean {
    return this.#sending.size > 0;
  }

  add(one: LongPayload): void {
    this.#waiting.add(one);
    this.#waitingBytes += one.payload.length;
    this.#admit();
  }

  /** Takes one out that nobody wants any more. What it took of the room comes back when the other end has let go. */
  remove(one: LongPayload): void {
    this.#sending.delete(one);
    if (this.#waiting.delete(one)) this.#waitingBytes -= one.payload.length;
  }

  /** The other end takes so much, all together. */
  open(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.credit(limitBytes);
  }

  /** It has let go of so much. More than it has taken it cannot let go of. */
  credit(bytes: number): void {
    this.#creditBytes = Math.min(this.#creditBytes + bytes, this.#limitBytes);
    this.#admit();
  }

  /** The next piece, of the one whose turn it is. */
  next(): Piece | undefined {
    for (const [one, at] of this.#sending) {
      this.#sending.delete(one);
      const end = at + CHUNK_BYTES;
      if (end < one.payload.length) this.#sending.set(one, end);
      else one.end?.();
      return { id: one.id, data: one.payload.subarray(at, end) };
    }
    return undefined;
  }

  #admit(): void {
    for (const one of this.#waiting) {
      const { length } = one.payload;
      if (length > this.#creditBytes) return;
      this.#creditBytes -= length;
      this.#waitingBytes -= length;
      this.#waiting.delete(one);
      one.begin();
      this.#sending.set(one, 0);
    }
  }
}
