import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import type { ByteWriter } from './codec/byte-writer.ts';

/** Turns messages into bytes and back. */
export interface Codec {
  readonly descriptor: DescMessage;
  /**
   * Takes a message or an initializer of one. Throws when a field has a value of another type; into a string field goes
   * the text of whatever is given.
   */
  encode(message: unknown): Uint8Array;
  /** The same, behind what is written. Where it throws, `to.length` is left where it was. */
  write(message: unknown, to: ByteWriter): void;
  /** Throws when the bytes are not a message of this type. */
  decode(bytes: Uint8Array): Message;
}

/** The codec of one message type, by protobuf-es. */
export function createCodec(descriptor: DescMessage): Codec {
  // create() passes a message through as it is and completes a plain initializer.
  const encode = (message: unknown): Uint8Array =>
    toBinary(descriptor, create(descriptor, message as Message));
  return {
    descriptor,
    encode,
    write: (message, to) => {
      const bytes = encode(message);
      to.reserve(bytes.length);
      to.buffer.set(bytes, to.length);
      to.length += bytes.length;
    },
    decode: (bytes) => fromBinary(descriptor, bytes),
  };
}
