import { gunzipSync, inflateSync } from 'node:zlib';
import { Code, RpcError } from './status.ts';

/** Flag and length before each message. */
const HEAD_BYTES = 5;
const COMPRESSED = 1;

const WAYS: ReadonlyMap<string, typeof gunzipSync> = new Map([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
]);

/** grpc-js hands out what follows the head, in the very memory that has the head. */
function isCompressed({ buffer, byteOffset }: Uint8Array): boolean {
  if (byteOffset < HEAD_BYTES) return false;
  return new Uint8Array(buffer, byteOffset - HEAD_BYTES, 1)[0] === COMPRESSED;
}

function refused(code: Code, message: string, cause?: unknown): RpcError {
  return new RpcError(code, message, { sent: 'refused', cause });
}

/**
 * Unpacks a message that came compressed by its call's grpc-encoding. Throws RESOURCE_EXHAUSTED when it is longer than `maxBytes` then,
 * UNIMPLEMENTED for an encoding that nobody here knows.
 *
 * Not left to grpc-js: it unpacks everything that arrives, before anybody has asked who calls or reads, so that 16 KB a call
 * fill 16 MiB. Done where the message is read, it is one message at a time, of a caller who may call.
 */
export function unpack(
  bytes: Uint8Array,
  { encoding, maxBytes }: { readonly encoding: string; readonly maxBytes: number },
): Uint8Array {
  if (!isCompressed(bytes)) return bytes;
  const way = WAYS.get(encoding);
  if (!way) throw refused(Code.UNIMPLEMENTED, 'the encoding of the request is not supported');
  try {
    return way(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw refused(Code.RESOURCE_EXHAUSTED, `the request is longer than ${maxBytes} bytes`, cause);
    }
    throw refused(Code.INVALID_ARGUMENT, 'the request cannot be unpacked', cause);
  }
}
