import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with keys of some issuers, as services find it. */
export interface TestKeys {
  readonly dir: string;
  readonly keySetFile: string;
  keyFile(issuer: string): string;
  privateKey(issuer: string): KeyObject;
  /** Makes a new key for an issuer and writes both files again. */
  rotate(issuer: string): void;
}

/** Writes keys to a scratch folder. */
export function testKeys(...issuers: string[]): TestKeys {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
  const pairs = new Map<string, ReturnType<typeof generateKeyPairSync>>();
  const keySetFile = join(dir, 'public.jwks.json');
  const keyFile = (issuer: string) => join(dir, `${issuer}.private.jwk.json`);
  const rotate = (issuer: string) => {
    const pair = generateKeyPairSync('ed25519');
    pairs.set(issuer, pair);
    const open = (kid: string, key: KeyObject) => ({
      ...key.export({ format: 'jwk' }),
      kid,
      alg: 'EdDSA',
      use: 'sig',
    });
    const keys = [...pairs].map(([kid, { publicKey }]) => open(kid, publicKey as KeyObject));
    writeFileSync(keySetFile, JSON.stringify({ keys }));
    writeFileSync(keyFile(issuer), JSON.stringify(open(issuer, pair.privateKey)));
  };
  const privateKey = (issuer: string) => {
    const pair = pairs.get(issuer);
    if (!pair) throw new Error(`no key of ${issuer}`);
    return createPrivateKey({ key: pair.privateKey.export({ format: 'jwk' }), format: 'jwk' });
  };
  issuers.forEach(rotate);
  return { dir, keySetFile, keyFile, privateKey, rotate };
}
