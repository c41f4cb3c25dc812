import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import type { Codec } from '../codec.ts';

/** The codec by protobuf-es, for processes in which no code can be made of text: some times slower, and maps are written as they come. */
export function createLibraryCodec(descriptor: DescMessage): Codec {
  // create() passes a message through as it is and completes a plain initializer.
  const encode = (message: unknown): Buffer => {
    const bytes = toBinary(descriptor, create(descriptor, message as Message));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
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
