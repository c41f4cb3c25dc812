import type { DescMessage } from '@bufbuild/protobuf';
import type { Codec } from '../codec.ts';
import { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decoderOf, type Decoder } from './compile-decoder.ts';
import { encoderOf, type Encoder } from './compile-encoder.ts';
import { Slab } from './slab.ts';

const slab = new Slab();

/** The codec of one message type, of code made from its descriptor when first used. */
export function createCompiledCodec(descriptor: DescMessage): Codec {
  let encoder: Encoder | undefined;
  let decoder: Decoder | undefined;
  const write = (message: unknown, to: ByteWriter): void => {
    const { length } = to;
    try {
      encoder ??= encoderOf(descriptor);
      encoder.write(message ?? {}, to);
    } catch (error) {
      to.length = length;
      throw error;
    }
  };
  return {
    descriptor,
    encode: (message) => slab.cut(message, write),
    write,
    decode: (bytes) => {
      decoder ??= decoderOf(descriptor);
      return decoder.read(new ByteReader(bytes), decoder.create(), -1);
    },
  };
}
