import type { Method } from '@millrace/contracts';
import { DEFAULT_HEADER_BYTES } from '../limits.ts';

/** What one channel may have under way. */
export interface ChannelLimits {
  /** Calls without a reply, on the server. */
  readonly calls: number;
  /** The longest message. */
  readonly messageBytes: number;
  /** The most metadata of a call, as HTTP/2 counts it. */
  readonly metadataBytes: number;
  /** Payloads longer than a chunk, all together, in one direction. */
  readonly longBytes: number;
}

/**
 * The longest that a frame gets: it is cut behind the field that makes it long, and no field is as long as this: a chunk or a short
 * message, and metadata where it is not more than by default.
 */
export const MAX_FRAME_BYTES = 64 * 1024;

/** The longest that one gets whose calls may have so much metadata. */
export function longestFrame(metadataBytes: number): number {
  return MAX_FRAME_BYTES + Math.max(0, metadataBytes - DEFAULT_HEADER_BYTES);
}

/** Whether the stream below takes frames: to grpc-js they are messages, and as long as messages may be. */
export function canFrame(messageBytes: number, metadataBytes = DEFAULT_HEADER_BYTES): boolean {
  return messageBytes >= longestFrame(metadataBytes);
}

/** How much metadata a call may have where no message is longer than this. */
export function metadataBytesFor(messageBytes: number): number {
  return messageBytes - MAX_FRAME_BYTES + DEFAULT_HEADER_BYTES;
}

/** Pairs of metadata that a server remembers for a client. */
export const SLOTS = 64;

/** Channels that one connection may have open: one, and those before it that still finish. */
export const CHANNELS_PER_CONNECTION = 4;

/** As many long messages as fit in four times the longest, and at least in this. */
const LEAST_LONG_BYTES = 16 * 1024 * 1024;

/** What a channel may have under way where the longest message is so long. */
export function longBytesFor(messageBytes: number): number {
  return Math.max(LEAST_LONG_BYTES, 4 * messageBytes);
}

/**
 * What a channel carries: unary calls, but not those whose messages are compressed by their policy, because frames are not.
 */
export function isCarried({ kind, policy }: Method): boolean {
  return kind === 'unary' && policy.compressAboveBytes === Infinity;
}
