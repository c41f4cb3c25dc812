import type { ByteWriter } from '@millrace/contracts';
import type { WireStatus } from '../grpc-status.ts';
import { NO_METADATA, type ReadonlyMetadata } from '../metadata.ts';
import type { MetadataTags, MetadataWriter } from './metadata-writer.ts';
import type { MetadataList, MetadataReader } from './metadata-reader.ts';
import type { WireReader } from './wire-reader.ts';
import { beginBlock, blockTag, endBlock, numberTag, writeBytes, writeNumber } from './wire-writer.ts';

/** Fields of OpenResponse, as its proto numbers them. */
export const RESPONSE = {
  hello: blockTag(1),
  replies: blockTag(2),
  chunks: blockTag(3),
  creditBytes: numberTag(4),
  drain: blockTag(5),
} as const;

const ID = numberTag(1);
const CODE = numberTag(2);
const MESSAGE = blockTag(3);
const DETAILS = blockTag(4);
const HEADERS: MetadataTags = { entry: blockTag(5) };
const TRAILERS: MetadataTags = { entry: blockTag(6) };
const PAYLOAD = blockTag(7);
const LONG_BYTES = numberTag(8);
const LAST_ACCEPTED = numberTag(1);

const NOTHING = Buffer.alloc(0);

/** Metadata of a reply. */
export interface ReplyMetadata {
  readonly headers: ReadonlyMetadata;
  readonly trailers: ReadonlyMetadata;
}

/** A reply off the wire. */
export interface ArrivedReply extends ReplyMetadata, WireStatus {
  readonly id: number;
  /** All of its message, in the frame's memory; undefined where it comes in chunks, or failed. */
  readonly payload: Buffer | undefined;
  readonly longBytes: number;
}

/** Writes a reply up to its message; `endBlock` ends it. */
export function beginReply(to: ByteWriter, id: number): number {
  const begin = beginBlock(to, RESPONSE.replies);
  writeNumber(to, ID, id);
  return begin;
}

/** Writes the metadata of a reply that goes well. */
export function writeReplyMetadata(to: ByteWriter, reply: ReplyMetadata, metadata: MetadataWriter): void {
  metadata.write(to, reply.headers, HEADERS);
  metadata.write(to, reply.trailers, TRAILERS);
}

/** Writes how a call has failed. */
export function writeStatus(to: ByteWriter, { code, message, details }: WireStatus): void {
  writeNumber(to, CODE, code);
  if (message) writeBytes(to, MESSAGE, Buffer.from(message));
  if (details.length > 0) writeBytes(to, DETAILS, details);
}

/** Writes that calls above this one are not taken. */
export function writeDrain(to: ByteWriter, lastAcceptedId: number): void {
  const begin = beginBlock(to, RESPONSE.drain);
  writeNumber(to, LAST_ACCEPTED, lastAcceptedId);
  endBlock(to, begin);
}

/** Reads the last id that a drain names. */
export function readDrain(from: WireReader): number {
  const outer = from.enter();
  let last = 0;
  while (from.more) {
    const tag = from.number();
    if (tag === LAST_ACCEPTED) last = from.number();
    else from.skip(tag);
  }
  from.leave(outer);
  return last;
}

/** Reads the reply that is next. */
export function readReply(from: WireReader, metadata: MetadataReader): ArrivedReply {
  const outer = from.enter();
  let [id, code, longBytes] = [0, 0, 0];
  let message = '';
  let details: Buffer = NOTHING;
  let headers: MetadataList | undefined;
  let trailers: MetadataList | undefined;
  let payload: Buffer | undefined;
  while (from.more) {
    const tag = from.number();
    if (tag === ID) id = from.number();
    else if (tag === PAYLOAD) payload = from.block();
    else if (tag === CODE) code = from.number();
    else if (tag === MESSAGE) message = from.text();
    else if (tag === DETAILS) details = from.block();
    else if (tag === HEADERS.entry) (headers ??= metadata.list()).add(metadata.entry(from));
    else if (tag === TRAILERS.entry) (trailers ??= metadata.list()).add(metadata.entry(from));
    else if (tag === LONG_BYTES) longBytes = from.number();
    else from.skip(tag);
  }
  from.leave(outer);
  return {
    id,
    code,
    message,
    details,
    headers: headers?.list() ?? NO_METADATA,
    trailers: trailers?.list() ?? NO_METADATA,
    payload,
    longBytes,
  };
}
