import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importJWK, SignJWT, type JWK } from 'jose';

/** Whom a development token speaks for. */
export interface DevTokenOptions {
  /** Where `createDevKeys` has written. */
  readonly keysDir: string;
  readonly subject: string;
  readonly roles: readonly string[];
  /** Default: `default`. */
  readonly tenant?: string | undefined;
  /** Default: an hour. */
  readonly ttlMs?: number | undefined;
  /** Default: `millrace`. */
  readonly audience?: string | undefined;
}

const ISSUER = 'dev-issuer';

/** Signs a token as a customer or a colleague would get from a real issuer. For development and tests only. */
export async function issueDevToken(options: DevTokenOptions): Promise<string> {
  const { keysDir, subject, roles, tenant = 'default', ttlMs = 3_600_000, audience = 'millrace' } = options;
  const key = JSON.parse(await readFile(join(keysDir, `${ISSUER}.private.jwk.json`), 'utf8')) as JWK;
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT({ tenant, roles: [...roles] })
    .setProtectedHeader({ alg: 'EdDSA', kid: ISSUER, typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + Math.ceil(ttlMs / 1000))
    .sign(await importJWK(key, 'EdDSA'));
}
