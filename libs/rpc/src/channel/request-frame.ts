import type { ByteWriter, Codec } from '@millrace/contracts';
import type { ReadonlyMetadata } from '../metadata.ts';
import type { MetadataTags, MetadataWriter } from './metadata-writer.ts';
import type { MetadataReader } from './metadata-reader.ts';
import type { WireReader } from './wire-reader.ts';
import { beginBlock, blockTag, endBlock, numberTag, writeNumber } from './wire-writer.ts';

/** Fields of OpenRequest, as its proto numbers them. */
export const REQUEST = {
  hello: blockTag(1),
  calls: blockTag(2),
  chunks: blockTag(3),
  cancels: numberTag(4),
  creditBytes: numberTag(5),
} as const;

const ID = numberTag(1);
const METHOD = numberTag(2);
const TIMEOUT = numberTag(3);
const TRACEPARENT = blockTag(4);
const KNOWN = numberTag(5);
const ENTRY = blockTag(6);
const PAYLOAD = blockTag(7);
const LONG_BYTES = numberTag(8);

const TAGS: MetadataTags = { entry: ENTRY, known: KNOWN, traceparent: TRACEPARENT };

/** What a call begins with. */
export interface CallHead {
  readonly id: number;
  /** The method's place in the server's hello. */
  readonly method: number;
  /** Undefined: it has no deadline. */
  readonly timeoutMs: number | undefined;
  readonly metadata: ReadonlyMetadata;
}

/** A call off the wire. */
export interface ArrivedCall extends CallHead {
  /** All of its request, in the frame's memory; undefined where it comes in chunks. */
  readonly payload: Buffer | undefined;
  readonly longBytes: number;
}

/** Writes a call up to its request; `endBlock` ends it. */
export function beginCall(to: ByteWriter, head: CallHead, metadata: MetadataWriter): number {
  const begin = beginBlock(to, REQUEST.calls);
  writeNumber(to, ID, head.id);
  writeNumber(to, METHOD, head.method);
  if (head.timeoutMs !== undefined) writeNumber(to, TIMEOUT, head.timeoutMs);
  metadata.write(to, head.metadata, TAGS);
  return begin;
}

/** Writes a message where the body of a call or a reply goes. Gives its length. */
export function writePayload(to: ByteWriter, codec: Codec, message: unknown): number {
  const begin = beginBlock(to, PAYLOAD);
  codec.write(message, to);
  endBlock(to, begin);
  return to.length - begin;
}

/** Says how long the body is that follows in chunks. */
export function writeLongBytes(to: ByteWriter, bytes: number): void {
  writeNumber(to, LONG_BYTES, bytes);
}

/** Reads the call that is next. */
export function readCall(from: WireReader, metadata: MetadataReader): ArrivedCall {
  const outer = from.enter();
  const pairs = metadata.list();
  let [id, method, longBytes] = [0, 0, 0];
  let timeoutMs: number | undefined;
  let payload: Buffer | undefined;
  while (from.more) {
    const tag = from.number();
    if (tag === ID) id = from.number();
    else if (tag === METHOD) method = from.number();
    else if (tag === TIMEOUT) timeoutMs = from.number();
    else if (tag === TRACEPARENT) pairs.addText('traceparent', from.ascii());
    else if (tag === KNOWN) pairs.add(metadata.known(from.number()));
    else if (tag === ENTRY) pairs.add(metadata.entry(from));
    else if (tag === PAYLOAD) payload = from.block();
    else if (tag === LONG_BYTES) longBytes = from.number();
    else from.skip(tag);
  }
  from.leave(outer);
  return { id, method, timeoutMs, metadata: pairs.list(), payload, longBytes };
}
