import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Who a token names; what is left out is as the order service's own tokens have it. */
export interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  readonly sub?: string;
  readonly tenant?: string;
  readonly roles?: readonly string[];
}

export interface TestKeys {
  /** For KEYS_DIR. */
  readonly dir: string;
  /** The `authorization` of a call. */
  authorize(claims?: Claims): string;
  remove(): Promise<void>;
}

/** A folder with the keys of those who call payments, and tokens that they sign. */
export async function createTestKeys(): Promise<TestKeys> {
  const pairs = new Map(['order', 'gateway'].map((issuer) => [issuer, generateKeyPairSync('ed25519')]));
  const keys = [...pairs].map(([kid, pair]) => ({ ...pair.publicKey.export({ format: 'jwk' }), kid }));
  const dir = await mkdtemp(join(tmpdir(), 'payment-keys-'));
  await writeFile(join(dir, 'public.jwks.json'), JSON.stringify({ keys }));
  return {
    dir,
    authorize: ({ iss = 'order', ...claims } = {}) => {
      const key = pairs.get(iss)?.privateKey;
      if (!key) throw new Error(`${iss} has no key`);
      return `Bearer ${encode({ iss, ...claims }, key)}`;
    },
    remove: () => rm(dir, { recursive: true }),
  };
}

function encode(claims: Claims, key: KeyObject): string {
  const iat = Math.floor(Date.now() / 1_000);
  const defaults = { aud: 'payment', sub: 'order', tenant: 'acme', roles: ['service:order'] };
  const payload = { ...defaults, ...claims, iat, exp: iat + 600, jti: randomUUID() };
  const parts = [{ alg: 'EdDSA', typ: 'at+jwt', kid: claims.iss }, payload];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}
