import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** Who signs tokens in development: the issuer for people, and each service for its own calls. */
export const DEV_ISSUERS = ['dev-issuer', 'gateway', 'order', 'payment'] as const;

/** Whether a file was put there by us or stood there already. */
async function writeOnce(file: string, text: string, mode: number): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode });
  // A link, unlike a rename, never replaces a key that another process has written meanwhile.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
}

async function readKey(file: string): Promise<JWK | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as JWK);
}

async function privateKey(dir: string, issuer: string): Promise<JWK> {
  const file = join(dir, `${issuer}.private.jwk.json`);
  const known = await readKey(file);
  if (known) return known;
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const key = { ...(await exportJWK(pair.privateKey)), kid: issuer, alg: 'EdDSA', use: 'sig' };
  await writeOnce(file, `${JSON.stringify(key, null, 2)}\n`, 0o600);
  // Read back: where two processes start at once, both must go on with the key that is on disk.
  return (await readKey(file)) ?? key;
}

/**
 * Makes `dir` hold a signing key for each issuer and `public.jwks.json` with all public keys. Writes what is missing and
 * leaves the rest; safe when several processes do it at once.
 */
export async function createDevKeys(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const keys: JWK[] = [];
  for (const issuer of DEV_ISSUERS) {
    const { d: _secret, ...open } = await privateKey(dir, issuer);
    keys.push(open);
  }
  const file = join(dir, 'public.jwks.json');
  const text = `${JSON.stringify({ keys }, null, 2)}\n`;
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return;
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o644 });
  await rename(draft, file);
}

if (import.meta.main) {
  const [dir] = process.argv.slice(2);
  if (!dir || process.env.NODE_ENV === 'production') {
    console.error(dir ? 'development keys are refused in production' : 'usage: dev-keys.ts DIR');
    process.exit(64);
  }
  await createDevKeys(dir);
}
