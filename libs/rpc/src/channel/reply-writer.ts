import type { Method } from '@millrace/contracts';
import { toWireStatus } from '../grpc-status.ts';
import type { Reply } from '../interceptor.ts';
import { Code, RpcError } from '../status.ts';
import type { FrameSender } from './frame-sender.ts';
import { CHUNK_BYTES, type LongPayload } from './long-payloads.ts';
import { MetadataWriter } from './metadata-writer.ts';
import { writeLongBytes, writePayload } from './request-frame.ts';
import { beginReply, writeReplyMetadata, writeStatus } from './response-frame.ts';
import { endBlock } from './wire-writer.ts';

/** As much as every gRPC client takes. */
const MAX_REPLY_METADATA_BYTES = 16 * 1024;

/** A reply of one message. */
export type OneReply = Extract<Reply, { kind: 'one' }>;

/** The call that is replied to. */
interface Asked {
  readonly id: number;
  readonly method: Method;
}

/** A reply in chunks. */
interface LongReply extends LongPayload {
  /** Its caller has been told how long it is. */
  isBegun: boolean;
}

/** Writes replies into frames. */
export class ReplyWriter {
  readonly #sender: FrameSender;
  readonly #metadata = new MetadataWriter(0, MAX_REPLY_METADATA_BYTES);
  /** Those in chunks that have not left whole, by the id of their call. */
  readonly #long = new Map<number, LongReply>();
  #maxMessageBytes = 0;

  constructor(sender: FrameSender) {
    this.#sender = sender;
  }

  /** What the client takes, and what this server sends. */
  set maxMessageBytes(bytes: number) {
    this.#maxMessageBytes = bytes;
  }

  /** Gives the length of the message. Throws where it cannot be sent, and then nothing is. */
  answer({ id, method }: Asked, reply: OneReply): number {
    const sender = this.#sender;
    const frame = sender.frame();
    const { length } = frame;
    try {
      const begin = beginReply(frame, id);
      writeReplyMetadata(frame, reply, this.#metadata);
      const bytes = writePayload(frame, method.response, reply.message);
      if (bytes > CHUNK_BYTES) return this.#answerLong(id, reply, { bytes, length });
      endBlock(frame, begin);
      sender.written();
      return bytes;
    } catch (error) {
      sender.takeBack(length);
      throw error;
    }
  }

  fail({ id }: Pick<Asked, 'id'>, error: RpcError): void {
    const frame = this.#sender.frame();
    const begin = beginReply(frame, id);
    writeStatus(frame, toWireStatus(error));
    endBlock(frame, begin);
    this.#sender.written();
  }

  /** Nobody waits for the rest of a long reply. */
  leave(id: number): void {
    const one = this.#long.get(id);
    if (!one) return;
    this.#long.delete(id);
    this.#sender.removeLong(one);
    // Only a reply frees the call's place.
    if (!one.isBegun) this.fail(one, new RpcError(Code.CANCELLED, 'the caller left'));
  }

  #answerLong(id: number, reply: OneReply, { bytes, length }: { bytes: number; length: number }): number {
    if (bytes > this.#maxMessageBytes) {
      throw new RpcError(Code.RESOURCE_EXHAUSTED, `the reply is longer than ${this.#maxMessageBytes} bytes`);
    }
    const sender = this.#sender;
    const payload = sender.takeOut(sender.frame().length - bytes, length);
    const one: LongReply = {
      id,
      payload,
      isBegun: false,
      begin: () => {
        one.isBegun = true;
        const frame = sender.frame();
        const begin = beginReply(frame, id);
        writeReplyMetadata(frame, reply, this.#metadata);
        writeLongBytes(frame, bytes);
        endBlock(frame, begin);
      },
      end: () => this.#long.delete(id),
    };
    this.#long.set(id, one);
    sender.addLong(one);
    return bytes;
  }
}
