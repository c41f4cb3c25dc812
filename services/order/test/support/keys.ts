import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with keys of its own for everybody who signs tokens here. */
export async function createTestKeys(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'order-keys-'));
  const keys: JsonWebKey[] = [];
  for (const kid of ['gateway', 'order', 'payment']) {
    const secret = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    const { d: _secret, ...open } = { ...secret, kid, alg: 'EdDSA', use: 'sig' };
    await writeFile(join(dir, `${kid}.private.jwk.json`), JSON.stringify({ ...secret, kid }));
    keys.push(open);
  }
  await writeFile(join(dir, 'public.jwks.json'), JSON.stringify({ keys }));
  return { dir, remove: () => rm(dir, { recursive: true }) };
}
