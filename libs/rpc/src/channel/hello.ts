import { createCodec } from '@millrace/contracts';
import { HelloSchema, type Hello } from '@millrace/contracts/channel';
import { Code } from '../status.ts';
import { FrameError } from './frame-error.ts';
import { blockTag } from './wire-writer.ts';

/** Of the protocol that this code speaks. */
export const VERSION = 1;

const codec = createCodec(HelloSchema);
/** The same in both directions. */
const HELLO = blockTag(1);
/** The highest that a frame's fields have, in either direction. */
const LAST_FIELD = 5;

/** Throws a FrameError where a field of a frame comes before the hello; one that nobody here knows may. */
export function expectHello(tag: number): void {
  if (tag !== HELLO && tag >>> 3 <= LAST_FIELD) throw new FrameError('the hello is missing');
}

/** A hello as the bytes of its field. */
export const encodeHello = (hello: Omit<Hello, '$typeName' | 'limits'> & { limits: object }): Uint8Array =>
  codec.encode(hello);

/** Reads the other end's. Throws a FrameError when it is none, or of a protocol that came before. */
export function decodeHello(bytes: Uint8Array): Hello {
  let hello: Hello;
  try {
    hello = codec.decode(bytes) as Hello;
  } catch {
    throw new FrameError('the hello cannot be read');
  }
  if (hello.version < VERSION) throw new FrameError('a version that is not spoken here', Code.UNIMPLEMENTED);
  return hello;
}
