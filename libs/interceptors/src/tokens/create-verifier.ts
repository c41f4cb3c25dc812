import { Code, RpcError, type Principal } from '@millrace/rpc';
import { errors, jwtVerify, type JWTHeaderParameters } from 'jose';
import type { Authenticate } from '../auth.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { readPrincipal } from './claims.ts';
import { openKeySet, type KeySet } from './key-set.ts';
import { Lru } from './lru.ts';
import { ALGORITHM, TOKEN_TYPE } from './token-format.ts';

/** Options of {@link createVerifier}. */
export interface VerifierOptions {
  /** A JSON Web Key Set with the issuers' Ed25519 keys, each named (kid) as its issuer. Read again when it changes. */
  readonly keySetFile: string;
  /** Whose tokens are accepted. */
  readonly issuers: readonly string[];
  /** For whom a token must be meant. */
  readonly audience: string;
  /** How far the issuers' clocks may be off. Default 5,000. */
  readonly toleranceMs?: number;
  /** How many verified tokens are remembered, so that each is verified once. Default 10,000. */
  readonly cacheSize?: number;
  /** Told when a changed key set cannot be read. */
  readonly logger?: Logger;
  /** Milliseconds of the calendar. Default Date.now. */
  readonly now?: () => number;
  readonly clock?: Clock;
}

interface Verified {
  readonly principal: Principal;
  readonly expiresMs: number;
}

const MAX_TOKEN_LENGTH = 8_192;
const BEARER = /^bearer +([\w.-]+)$/i;

function unauthenticated(reason: string, message: string, cause?: unknown): RpcError {
  return new RpcError(Code.UNAUTHENTICATED, message, { reason, sent: 'refused', cause });
}

function tokenOf(authorization: string): string {
  if (!authorization) throw unauthenticated('TOKEN_MISSING', 'a bearer token is required');
  const token = authorization.length > MAX_TOKEN_LENGTH ? undefined : BEARER.exec(authorization)?.[1];
  if (!token) throw unauthenticated('TOKEN_INVALID', 'the token is not valid');
  return token;
}

/** The key is found by the token's kid in our own set; what else its header offers (jku, x5u, jwk) is never looked at. */
function findKey(keys: KeySet, header: JWTHeaderParameters) {
  const key = typeof header.kid === 'string' ? keys.get(header.kid) : undefined;
  if (!key) throw new errors.JWKSNoMatchingKey();
  return key;
}

async function verify(token: string, keys: KeySet, options: VerifierOptions): Promise<Verified> {
  const { issuers, audience, toleranceMs = 5_000, now = Date.now } = options;
  const nowMs = now();
  const { payload, protectedHeader } = await jwtVerify(token, (header) => findKey(keys, header), {
    algorithms: [ALGORITHM],
    typ: TOKEN_TYPE,
    issuer: [...issuers],
    audience,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: toleranceMs / 1_000,
    currentDate: new Date(nowMs),
  });
  if (protectedHeader.kid !== payload.iss) throw new errors.JWTInvalid('the key is not of the issuer');
  const principal = readPrincipal(payload, { nowS: nowMs / 1_000, toleranceS: toleranceMs / 1_000 });
  return { principal, expiresMs: (payload.exp ?? 0) * 1_000 + toleranceMs };
}

/**
 * Verifies bearer tokens: EdDSA JWTs of type at+jwt. Rejects with UNAUTHENTICATED; reasons TOKEN_MISSING, TOKEN_INVALID,
 * TOKEN_EXPIRED. A verified token is remembered until it expires or the keys change, because verifying one takes over
 * 100 us.
 *
 * Throws when the key set cannot be read.
 */
export function createVerifier(options: VerifierOptions): Authenticate {
  const { keySetFile, cacheSize = 10_000, logger, now = Date.now, clock = systemClock } = options;
  const onError = (err: unknown) =>
    logger?.error({ err, keySetFile }, 'the key set cannot be read, the last one stays');
  const keys = openKeySet({ file: keySetFile, clock, onError });
  const verified = new Lru<Verified>(cacheSize);
  let version = keys.version;
  return async (authorization = '') => {
    keys.refresh();
    if (version !== keys.version) verified.clear();
    version = keys.version;
    const known = verified.get(authorization);
    if (known && now() < known.expiresMs) return known.principal;
    verified.delete(authorization);
    const token = tokenOf(authorization);
    const startedWith = version;
    try {
      const fresh = await verify(token, keys, options);
      // Keys may have changed meanwhile; then the next call verifies it with the new ones.
      if (startedWith === version) verified.set(authorization, fresh);
      return fresh.principal;
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) {
        throw unauthenticated('TOKEN_EXPIRED', 'the token has expired', cause);
      }
      throw unauthenticated('TOKEN_INVALID', 'the token is not valid', cause);
    }
  };
}
