import { Metadata } from '@grpc/grpc-js';
import { NO_METADATA, type ReadonlyMetadata } from './metadata.ts';
import { Code, RpcError } from './status.ts';

/** HTTP/2 forbids them; grpc-js drops the whole connection when it is made to send one. */
const FORBIDDEN = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);
const LEGAL_KEY = /^[0-9a-z_.-]+$/;
const LEGAL_TEXT = /^[ -~]*$/;

/** grpc-js's metadata, read in place. */
class GrpcMetadata implements ReadonlyMetadata {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  get(key: string): string | undefined {
    const [value] = this.#metadata.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  getBytes(key: string): Uint8Array | undefined {
    const [value] = this.#metadata.get(key);
    return typeof value === 'string' ? undefined : value;
  }

  *entries(): Iterable<readonly [string, string | Uint8Array]> {
    for (const [key, values] of Object.entries(this.#metadata.toJSON())) {
      for (const value of values) yield [key, value];
    }
  }
}

/** Metadata as it came off the wire. */
export function fromGrpcMetadata(metadata: Metadata): ReadonlyMetadata {
  return new GrpcMetadata(metadata);
}

/** The protocol's own keys are not the caller's to set; metadata that is passed on may hold them. */
export function isReserved(key: string): boolean {
  return key.startsWith('grpc-') || key.startsWith(':');
}

function refuse(key: string, why: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `metadata: ${key} ${why}`, { sent: 'never' });
}

/** Throws INVALID_ARGUMENT for what HTTP/2 keeps for itself or cannot carry: of a colon it makes the end of the connection. */
export function checkMetadata(key: string, value: string | Uint8Array): void {
  if (FORBIDDEN.has(key)) throw refuse(key, 'cannot be sent');
  const isText = typeof value === 'string';
  if (!LEGAL_KEY.test(key) || isText === key.endsWith('-bin') || (isText && !LEGAL_TEXT.test(value))) {
    throw refuse(key, 'is not valid');
  }
}

function put(target: Metadata, key: string, value: string | Uint8Array): void {
  if (isReserved(key)) return;
  checkMetadata(key, value);
  // HTTP/2 drops a pair whose text has spaces around it; gRPC lets them be taken off.
  target.add(key, typeof value === 'string' ? value.trim() : Buffer.from(value));
}

/** Metadata for the wire, put into `target`. Throws INVALID_ARGUMENT for what HTTP/2 cannot carry. */
export function toGrpcMetadata(metadata: ReadonlyMetadata, target = new Metadata()): Metadata {
  if (metadata === NO_METADATA) return target;
  for (const [key, value] of metadata.entries()) put(target, key, value);
  return target;
}
