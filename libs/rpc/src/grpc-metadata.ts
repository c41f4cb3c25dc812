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

/** What HTTP/2 keeps for itself. */
export function isForbidden(key: string): boolean {
  return FORBIDDEN.has(key);
}

/** Why metadata cannot be sent: INVALID_ARGUMENT. */
export function refuseMetadata(key: string, why: string, cause?: unknown): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `metadata: ${key} ${why}`, { sent: 'never', cause });
}

function put(target: Metadata, key: string, value: string | Uint8Array): void {
  if (isReserved(key)) return;
  if (isForbidden(key)) throw refuseMetadata(key, 'cannot be sent');
  try {
    target.add(key, typeof value === 'string' ? value : Buffer.from(value));
  } catch (cause) {
    throw refuseMetadata(key, 'is not valid', cause);
  }
}

/** Metadata for the wire, put into `target`. Throws INVALID_ARGUMENT for what HTTP/2 cannot carry. */
export function toGrpcMetadata(metadata: ReadonlyMetadata, target = new Metadata()): Metadata {
  if (metadata === NO_METADATA) return target;
  for (const [key, value] of metadata.entries()) put(target, key, value);
  return target;
}
