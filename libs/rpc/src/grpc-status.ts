import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { decodeStatus, encodeStatus } from './details.ts';
import { Code, normalizeCode, RpcError, type Sent } from './status.ts';

const DETAILS_KEY = 'grpc-status-details-bin';
const PUSHBACK_KEY = 'grpc-retry-pushback-ms';

/** Trailers share the header limit of the peer, and longer ones would break the call instead of explaining it. */
const MAX_DETAILS_BYTES = 6 * 1024;
const MAX_MESSAGE_LENGTH = 1024;

/** How a call has failed, as both transports say it. */
export interface WireStatus {
  readonly code: number;
  readonly message: string;
  /** A google.rpc.Status; empty where there is none. */
  readonly details: Uint8Array;
}

/** What is said of a failure: never more than the other end's headers could hold. */
export function toWireStatus(error: RpcError): WireStatus {
  // encodeURI, which grpc-js uses, throws at half a surrogate pair.
  const message = error.message.toWellFormed().slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const full = encodeStatus(error);
  const details =
    full.length <= MAX_DETAILS_BYTES ? full : encodeStatus(error.with({ message, details: [] }));
  return { code: error.code, message, details };
}

/** The failure that the other end has told. */
export function fromWireStatus({ code: given, message, details }: WireStatus): RpcError {
  const code = normalizeCode(given);
  const decoded = details.length > 0 ? decodeStatus(details) : undefined;
  return decoded?.code === code ? decoded : new RpcError(code, message);
}

/** The status line and the trailers that say how a call failed. */
export function toGrpcStatus(error: RpcError): StatusObject {
  const { code, message, details } = toWireStatus(error);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(details));
  return { code, details: message, metadata };
}

/** What grpc-js says when the server turned the stream away before it looked at it. */
const REFUSED = 'Stream refused by server';
/** What it says when this side's socket died: INTERNAL, although the call may have been served. */
const BROKEN_HERE = /^Received RST_STREAM with code \d+ triggered by internal client error/;
const NO_STATUS = /\(Call ended without gRPC status\)$/;

/** What it says of a request that is longer than this side sends. */
const TOO_LONG = 'Attempted to send message with a size larger than';

/** What it says when the connection broke under the call. */
const DROPPED = 'Connection dropped';

/** Whether a call failed because its connection broke or was never made, rather than by the server's word. */
export function isConnectionLost(error: RpcError, { details, metadata }: StatusObject): boolean {
  if (error.code !== Code.UNAVAILABLE || metadata.get(DETAILS_KEY).length > 0) return false;
  return error.sent === 'never' || details === REFUSED || details === DROPPED || isBroken(details);
}

function isBroken(details: string): boolean {
  return BROKEN_HERE.test(details) || NO_STATUS.test(details);
}

/**
 * What other servers say about coming back, in ms. By gRFC A6 what is negative or no number asks not to try again; grpc-js takes junk for
 * "at once".
 */
function pushback({ metadata }: StatusObject): number | undefined {
  const [value] = metadata.get(PUSHBACK_KEY);
  if (value === undefined) return undefined;
  return /^\d{1,9}$/.test(String(value)) ? Number(value) : -1;
}

/** A failed status as an error; `onWire` says whether the call was ever given to a connection. */
export function fromGrpcStatus(status: StatusObject, onWire: boolean): RpcError {
  const code = normalizeCode(status.code);
  const [bytes] = status.metadata.get(DETAILS_KEY);
  if (bytes instanceof Uint8Array) {
    const decoded = decodeStatus(bytes);
    if (decoded?.code === code) return decoded;
  }
  const isKept = !onWire || status.details.startsWith(TOO_LONG);
  const sent: Sent = isKept ? 'never' : status.details === REFUSED ? 'refused' : 'maybe';
  const broken = !onWire || isBroken(status.details);
  return new RpcError(broken && code === Code.INTERNAL ? Code.UNAVAILABLE : code, status.details, {
    sent,
    retryDelayMs: pushback(status),
  });
}
