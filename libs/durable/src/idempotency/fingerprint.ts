import { createHash } from 'node:crypto';

/** SHA-256 in hex, of a request's canonical encoding. */
export function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
