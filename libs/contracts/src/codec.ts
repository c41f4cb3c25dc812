import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';

/** Turns messages into bytes and back. */
export interface Codec {
  readonly descriptor: DescMessage;
  /**
   * Takes a message or an initializer of one. Throws when a field has a value of another type; into a string field goes
   * the text of whatever is given.
   */
  encode(message: unknown): Uint8Array;
  /** Throws when the bytes are not a message of this type. */
  decode(bytes: Uint8Array): Message;
}

/** The codec of one message type, by protobuf-es. */
export function createCodec(descriptor: DescMessage): Codec {
  return {
    descriptor,
    // create() passes a message through as it is and completes a plain initializer.
    encode: (message) => toBinary(descriptor, create(descriptor, message as Message)),
    decode: (bytes) => fromBinary(descriptor, bytes),
  };
}
