import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';

/** The public keys that tokens are verified with. */
export interface KeySet {
  get(kid: string): KeyObject | undefined;
  /** Reads the file again, at most once a second. */
  refresh(): void;
  /** Grows with every change of the keys. */
  readonly version: number;
}

/** Options of {@link openKeySet}. */
export interface KeySetOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Told when a changed file cannot be used; the keys read before stay. */
  readonly onError: (error: unknown) => void;
}

const CHECK_EVERY_MS = 1_000;

function isSigningKey(jwk: Record<string, unknown>): jwk is { kid: string; x: string } {
  const { kty, crv, use, kid, x } = jwk;
  if (kty !== 'OKP' || crv !== 'Ed25519' || (use !== undefined && use !== 'sig')) return false;
  return typeof kid === 'string' && kid !== '' && typeof x === 'string';
}

function parse(text: string, file: string): Map<string, KeyObject> {
  const { keys } = JSON.parse(text) as { keys?: Record<string, unknown>[] };
  if (!Array.isArray(keys)) throw new Error(`${file} is no JSON Web Key Set`);
  const parsed = new Map<string, KeyObject>();
  for (const jwk of keys.filter(isSigningKey)) {
    if (parsed.has(jwk.kid)) throw new Error(`${file} has two keys named ${jwk.kid}`);
    const key = { kty: 'OKP', crv: 'Ed25519', x: jwk.x };
    parsed.set(jwk.kid, createPublicKey({ key, format: 'jwk' }));
  }
  return parsed;
}

/**
 * Ed25519 keys from a JWKS file; keys of other kinds in it are passed over. Throws when the file cannot be read at first.
 * Reads synchronously: it is a small local file, at most once a second (times of change are too coarse to go by).
 */
export function openKeySet({ file, clock, onError }: KeySetOptions): KeySet {
  let text = readFileSync(file, 'utf8');
  let keys = parse(text, file);
  let checkedMs = clock.now();
  let version = 0;
  const reload = () => {
    const found = readFileSync(file, 'utf8');
    if (found === text) return;
    keys = parse(found, file);
    text = found;
    version++;
  };
  return {
    get: (kid) => keys.get(kid),
    refresh() {
      const nowMs = clock.now();
      if (nowMs - checkedMs < CHECK_EVERY_MS) return;
      checkedMs = nowMs;
      try {
        reload();
      } catch (error) {
        onError(error);
      }
    },
    get version() {
      return version;
    },
  };
}
