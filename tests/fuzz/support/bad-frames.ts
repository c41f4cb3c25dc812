import { gzipSync } from 'node:zlib';
import { Code } from '@millrace/rpc';
import { frame } from '@millrace/rpc/testing';
import fc, { type Arbitrary } from 'fast-check';

/** The body of a call whose framing is wrong, or almost. */
export interface BadBody {
  /** What was done, for whoever reads a failure. */
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The statuses that may answer a method that takes one message. */
  readonly allowed: readonly Code[];
  /** Of a method that takes a stream, where others. */
  readonly allowedOfStreams?: readonly Code[];
}

const { OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = Code;
const UNREADABLE = { allowed: [INVALID_ARGUMENT] };
const TOO_LONG = { allowed: [RESOURCE_EXHAUSTED] };
/** More than one message is refused as such, before any is unpacked. */
const TOO_LONG_AND_MANY = { allowed: [UNIMPLEMENTED], allowedOfStreams: [RESOURCE_EXHAUSTED] };
const WRONG_COUNT = { allowed: [UNIMPLEMENTED], allowedOfStreams: [OK] };
/** grpc-js takes every flag but 1 for 0. */
const LAX = { allowed: [OK] };
const CUT = { allowed: [INVALID_ARGUMENT] };

const EMPTY = frame(Buffer.alloc(0));
/** 64 MiB in 64 KiB. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));

function framed(flag: number, length: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

const compressed = (bytes: Uint8Array): Buffer => framed(1, bytes.length, bytes);

const body = (
  about: Omit<BadBody, 'body' | 'headers'>,
  made: Arbitrary<Buffer>,
  encoding = 'identity',
): Arbitrary<BadBody> =>
  made.map((bytes) => ({ ...about, headers: { 'grpc-encoding': encoding }, body: bytes }));

const noise = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes));
const goodGzip = noise.map((bytes) => gzipSync(bytes));
const badGzip = fc.oneof(
  noise,
  goodGzip.map((bytes) => bytes.subarray(0, -4)),
  goodGzip.map((bytes) => Buffer.concat([bytes, bytes.subarray(0, 7)])),
  // The checksum is wrong.
  goodGzip.map((bytes) => bytes.fill(0, bytes.length - 8)),
);
const encoding = fc.constantFrom('br', 'zstd', 'snappy', 'gzip, gzip', 'GZIP', '__proto__', 'constructor');
const wrongFlag = fc.integer({ min: 2, max: 255 }).map((flag) => framed(flag, 0, Buffer.alloc(0)));
const many = fc
  .integer({ min: 2, max: 50 })
  .map((count) => Buffer.concat(Array.from({ length: count }, () => EMPTY)));
const cutMessage = fc
  .tuple(noise, fc.integer({ min: 1, max: 4_000_000 }))
  .map(([bytes, more]) => framed(0, bytes.length + more, bytes));
const cutHead = fc.integer({ min: 1, max: 4 }).map((length) => Buffer.alloc(length));
const trailing = fc
  .integer({ min: 1, max: 4 })
  .map((length) => Buffer.concat([EMPTY, Buffer.alloc(length, 1)]));
const overLimit = fc
  .tuple(noise, fc.constantFrom(4 * 1024 * 1024 + 1, 2 ** 31, 2 ** 32 - 1))
  .map(([bytes, length]) => framed(0, length, bytes));
const bombs = fc
  .integer({ min: 2, max: 3 })
  .map((count) => Buffer.concat(Array.from({ length: count }, () => compressed(BOMB))));

/** Everything that may stand where frames should. */
export const badBody: Arbitrary<BadBody> = fc.oneof(
  body({ what: 'bad gzip', ...UNREADABLE }, badGzip.map(compressed), 'gzip'),
  body({ what: 'a bomb', ...TOO_LONG }, fc.constant(compressed(BOMB)), 'gzip'),
  body({ what: 'bombs', ...TOO_LONG_AND_MANY }, bombs, 'gzip'),
  encoding.chain((name) =>
    body({ what: `encoding ${name}`, allowed: [UNIMPLEMENTED] }, noise.map(compressed), name),
  ),
  body({ what: 'compressed, but not said how', ...UNREADABLE }, goodGzip.map(compressed)),
  body({ what: 'a flag that is none', ...LAX }, wrongFlag),
  body({ what: 'no message', ...WRONG_COUNT }, fc.constant(Buffer.alloc(0))),
  body({ what: 'too many messages', ...WRONG_COUNT }, many),
  body({ what: 'a length longer than the body', ...CUT }, cutMessage),
  body({ what: 'half a frame head', ...CUT }, cutHead),
  body({ what: 'bytes after the message', ...CUT }, trailing),
  body({ what: 'a length over the limit', ...TOO_LONG }, overLimit),
);
