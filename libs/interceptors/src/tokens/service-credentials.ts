import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Context, Principal } from '@millrace/rpc';
import { SignJWT } from 'jose';
import type { ServiceCredentials } from '../credentials.ts';
import { Lru } from './lru.ts';
import { ALGORITHM, DEFAULT_TENANT, SERVICE_ROLE, TOKEN_TYPE } from './token-format.ts';

/** Options of {@link serviceCredentials}. */
export interface ServiceCredentialsOptions {
  /** The calling service; the name of its key and the issuer of its tokens. */
  readonly issuer: string;
  /** Its private key, an Ed25519 JSON Web Key. */
  readonly keyFile: string;
  /** The called service. */
  readonly audience: string;
  /** Speak for the service itself even where there is a principal; its tenant stays. Default false. */
  readonly asItself?: boolean;
  /** For how many principals a token is kept. Default 1,000. */
  readonly cacheSize?: number;
  /** Milliseconds of the calendar. Default Date.now. */
  readonly now?: () => number;
}

interface Minted {
  readonly authorization: Promise<string>;
  readonly atMs: number;
}

const LIFETIME_S = 60;
const RENEW_AFTER_MS = 45_000;

function readKey(file: string): KeyObject {
  const { kty, crv, x, d } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  if (kty !== 'OKP' || crv !== 'Ed25519' || !x || !d) throw new Error(`${file} is no private Ed25519 key`);
  return createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
}

/** Whom a token names: the context's principal, without the roles of services we cannot speak for, or the service. */
function speakFor(
  { principal }: Context,
  { issuer, asItself = false }: ServiceCredentialsOptions,
): Principal {
  const own = `${SERVICE_ROLE}${issuer}`;
  if (!principal || asItself) {
    return { subject: issuer, tenant: principal?.tenant ?? DEFAULT_TENANT, roles: [own] };
  }
  const roles = principal.roles.filter((role) => role === own || !role.startsWith(SERVICE_ROLE));
  return { subject: principal.subject, tenant: principal.tenant, roles };
}

/**
 * Mints the tokens that one service calls another with: for the principal of the request at hand, or for the service itself
 * where there is none (role `service:<issuer>`). A token is valid for 60 s, used for 45.
 *
 * Throws when the key cannot be read.
 */
export function serviceCredentials(options: ServiceCredentialsOptions): ServiceCredentials {
  const { issuer, keyFile, audience, cacheSize = 1_000, now = Date.now } = options;
  const key = readKey(keyFile);
  const minted = new Lru<Minted>(cacheSize);
  const mint = async ({ subject, tenant, roles }: Principal, atMs: number) => {
    const iat = Math.floor(atMs / 1_000);
    const token = await new SignJWT({ tenant, roles: [...roles] })
      .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE, kid: issuer })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt(iat)
      .setExpirationTime(iat + LIFETIME_S)
      .setJti(randomUUID())
      .sign(key);
    return `Bearer ${token}`;
  };
  return (context) => {
    const who = speakFor(context, options);
    const cacheKey = JSON.stringify([who.tenant, who.subject, who.roles]);
    const atMs = now();
    const known = minted.get(cacheKey);
    // An age below zero: the clock was set back, and the token may look as if it came from the future.
    if (known && atMs >= known.atMs && atMs - known.atMs < RENEW_AFTER_MS) return known.authorization;
    const authorization = mint(who, atMs);
    minted.set(cacheKey, { authorization, atMs });
    authorization.catch(() => minted.delete(cacheKey));
    return authorization;
  };
}
