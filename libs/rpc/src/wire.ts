import type { IncomingHttpHeaders } from 'node:http2';
import { parseTimeout } from './timeout.ts';

/** Where a call's grpc-timeout stands after `prepareHeaders`. */
export const TIMEOUT_KEY = 'x-millrace-timeout';

/** What is plain gRPC: grpc-js would take grpc-web and +json for it as well. */
const CONTENT_TYPE = /^application\/grpc(\+proto)?(;|$)/;

/** Makes of a call one that grpc-js refuses, with HTTP status 415. */
export function refuse(headers: IncomingHttpHeaders): void {
  headers['content-type'] = 'refused';
}

/** The size of headers by HTTP/2's count: names, values and 32 for each pair. */
export function headerBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values].flat()) bytes += name.length + (value?.length ?? 0) + 32;
  }
  return bytes;
}

/** How messages of the call may be compressed. grpc-js is told that none is, and leaves them as they are. */
export function takeEncoding(headers: IncomingHttpHeaders): string | undefined {
  const encoding = headers['grpc-encoding'];
  if (encoding === undefined || encoding === 'identity') return undefined;
  headers['grpc-encoding'] = 'identity';
  return String(encoding);
}

/**
 * Changes the headers of a call before grpc-js sees them. It misreads some deadlines (`600H` fails at once, `-1S` passes as 1S), so the
 * timeout is moved out of its sight; and a verb or content type that it must not serve is made one that it refuses.
 */
export function prepareHeaders(headers: IncomingHttpHeaders): void {
  delete headers[TIMEOUT_KEY];
  const timeout = headers['grpc-timeout'];
  if (timeout !== undefined) {
    // grpc-js drops what is no plain text, and a deadline that cannot be read must not become none.
    headers[TIMEOUT_KEY] = parseTimeout(String(timeout)) === undefined ? 'nonsense' : timeout;
    delete headers['grpc-timeout'];
  }
  if (headers[':method'] !== 'POST' || !CONTENT_TYPE.test(headers['content-type'] ?? '')) refuse(headers);
}
