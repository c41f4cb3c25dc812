import type { DescMessage, Message } from '@bufbuild/protobuf';
import type { ByteWriter } from './codec/byte-writer.ts';
import { createCompiledCodec } from './codec/compiled-codec.ts';
import { canGenerate } from './codec/generate.ts';
import { createLibraryCodec } from './codec/library-codec.ts';

/**
 * Turns messages into bytes and back. Messages have the shapes of protobuf-es, and the same message has the same bytes: fields by number, entries of
 * maps by key, what was unknown last.
 */
export interface Codec {
  readonly descriptor: DescMessage;
  /**
   * Takes a message or an initializer of one, with initializers in it; nothing at all is an empty message. Throws a TypeError that names the field when one
   * has a value of another type.
   * The bytes are the caller's: nothing writes them again.
   */
  encode(message: unknown): Buffer;
  /** The same, behind what is written. Where it throws, `to.length` is left where it was. */
  write(message: unknown, to: ByteWriter): void;
  /** Throws when the bytes are not a message of this type. What it returns shares no memory with them. */
  decode(bytes: Uint8Array): Message;
}

const compiles = canGenerate();

/** The codec of one message type. Compiled when first used; by protobuf-es where the process lets no code be made of text. */
export function createCodec(descriptor: DescMessage): Codec {
  return compiles ? createCompiledCodec(descriptor) : createLibraryCodec(descriptor);
}
