import { Code, RpcError, type PeerIdentity, type Principal } from '@millrace/rpc';
import { errors, jwtVerify, type JWTHeaderParameters } from 'jose';
import type { Authenticate } from '../auth.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { readPrincipal } from './claims.ts';
import type { Algorithm } from './json-web-keys.ts';
import { openKeySetFile } from './key-set-file.ts';
import { openKeySetUrl } from './key-set-url.ts';
import type { KeySet } from './key-set.ts';
import { Lru } from './lru.ts';
import { servicePrincipal, spiffeServices, type ServiceOf } from './service-certificates.ts';
import { ALGORITHM, issuerOfKey, TOKEN_TYPE } from './token-format.ts';

/** Where the keys of issuers come from. */
type KeySource =
  | {
      /** A JSON Web Key Set file with the keys of several issuers, each named (kid) as its issuer, or `<issuer>#<anything>`. Read again when it changes. */
      readonly keySetFile: string;
      readonly keySetUrl?: never;
    }
  | {
      /** A JSON Web Key Set at an https URL, all its keys of the one issuer. Fetched again by and by. */
      readonly keySetUrl: string;
      readonly keySetFile?: never;
    };

/** Options of {@link createVerifier}. */
export type VerifierOptions = KeySource & {
  /** Whose tokens are accepted. */
  readonly issuers: readonly string[];
  /** For whom a token must be meant. */
  readonly audience: string;
  /** What tokens may be signed with; each key is for one of them. Default `['EdDSA']`. */
  readonly algorithms?: readonly Algorithm[];
  /** The header's `typ`. Default `at+jwt` (RFC 9068); some identity providers write `JWT`. */
  readonly tokenType?: 'at+jwt' | 'JWT';
  /**
   * The service that a certificate names. It lets that service in where there is no token, and a token that another service has issued
   * is refused beside it: stolen, it is worth nothing. Default: spiffeServices().
   */
  readonly certificates?: ServiceOf;
  /** A service's token is refused without its certificate too. Default false: connections may be secured by a mesh. */
  readonly bindToCertificate?: boolean;
  /** How far the issuers' clocks may be off. Default 5,000. */
  readonly toleranceMs?: number;
  /** How many verified tokens are remembered, so that each is verified once. Default 10,000. */
  readonly cacheSize?: number;
  /** Told when a changed key set cannot be read. */
  readonly logger?: Logger;
  /** Milliseconds of the calendar. Default Date.now. */
  readonly now?: () => number;
  readonly clock?: Clock;
};

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
  const token = authorization.length > MAX_TOKEN_LENGTH ? undefined : BEARER.exec(authorization)?.[1];
  if (!token) throw unauthenticated('TOKEN_INVALID', 'the token is not valid');
  return token;
}

/**
 * The key is found by the token's kid in our own set, and has to be for the token's algorithm; what else its header offers (jku, x5u,
 * jwk) is never looked at.
 */
async function findKey(keys: KeySet, { kid, alg }: JWTHeaderParameters) {
  const found = typeof kid === 'string' ? await keys.find(kid) : undefined;
  if (found?.alg !== alg || !found) throw new errors.JWKSNoMatchingKey();
  return found.key;
}

async function verify(token: string, keys: KeySet, options: VerifierOptions): Promise<Verified> {
  const { issuers, audience, toleranceMs = 5_000, now = Date.now, tokenType = TOKEN_TYPE } = options;
  const nowMs = now();
  const { payload, protectedHeader } = await jwtVerify(token, (header) => findKey(keys, header), {
    algorithms: [...(options.algorithms ?? [ALGORITHM])],
    typ: tokenType,
    issuer: [...issuers],
    audience,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: toleranceMs / 1_000,
    currentDate: new Date(nowMs),
  });
  const owner = options.keySetUrl === undefined ? issuerOfKey(protectedHeader.kid ?? '') : issuers[0];
  if (owner !== payload.iss) throw new errors.JWTInvalid('the key is not of the issuer');
  const principal = readPrincipal(payload, { nowS: nowMs / 1_000, toleranceS: toleranceMs / 1_000 });
  return { principal, expiresMs: (payload.exp ?? 0) * 1_000 + toleranceMs };
}

function openKeySet(options: VerifierOptions): KeySet {
  const { keySetFile, keySetUrl, issuers, algorithms = [ALGORITHM], clock = systemClock, logger } = options;
  const source = keySetUrl ?? keySetFile;
  const onError = (err: unknown) =>
    logger?.error({ err, source }, 'the key set cannot be read, the last one stays');
  if (keySetUrl === undefined) return openKeySetFile({ source, algorithms, clock, onError });
  if (issuers.length !== 1)
    throw new Error(`the keys of ${source} are of one issuer, not of ${issuers.length}`);
  return openKeySetUrl({ source, algorithms, clock, onError });
}

function whyNot(cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  return cause instanceof errors.JWTExpired
    ? unauthenticated('TOKEN_EXPIRED', 'the token has expired', cause)
    : unauthenticated('TOKEN_INVALID', 'the token is not valid', cause);
}

class Verifier {
  readonly #options: VerifierOptions;
  readonly #now: () => number;
  readonly #keys: KeySet;
  readonly #verified: Lru<Verified>;
  readonly #serviceOf: ServiceOf;
  #version: number;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#keys = openKeySet(options);
    this.#version = this.#keys.version;
    this.#serviceOf = options.certificates ?? spiffeServices();
    this.#verified = new Lru(options.cacheSize ?? 10_000);
  }

  authenticate(
    authorization: string | undefined,
    peer: PeerIdentity | undefined,
  ): Principal | Promise<Principal> {
    this.#keys.refresh();
    if (this.#version !== this.#keys.version) this.#verified.clear();
    this.#version = this.#keys.version;
    if (!authorization) return this.#byCertificate(peer);
    const known = this.#verified.get(authorization);
    if (known && this.#now() < known.expiresMs) return this.#bound(known.principal, peer);
    return this.#verify(authorization).then((principal) => this.#bound(principal, peer));
  }

  async #verify(authorization: string): Promise<Principal> {
    this.#verified.delete(authorization);
    const { version } = this.#keys;
    try {
      const fresh = await verify(tokenOf(authorization), this.#keys, this.#options);
      // Keys may have changed meanwhile; then the next call verifies it with the new ones.
      if (version === this.#keys.version) this.#verified.set(authorization, fresh);
      return fresh.principal;
    } catch (cause) {
      throw whyNot(cause);
    }
  }

  #byCertificate(peer: PeerIdentity | undefined): Principal | Promise<Principal> {
    const service = peer && this.#serviceOf(peer);
    if (service !== undefined) return servicePrincipal(service);
    return Promise.reject(unauthenticated('TOKEN_MISSING', 'a bearer token is required'));
  }

  #bound(principal: Principal, peer: PeerIdentity | undefined): Principal | Promise<Principal> {
    const { bindToCertificate = false } = this.#options;
    if (principal.actor === undefined) return principal;
    const service = peer && this.#serviceOf(peer);
    if (service === undefined ? !bindToCertificate : service === principal.actor) return principal;
    return Promise.reject(
      unauthenticated('CERTIFICATE_MISMATCH', 'the token came over a connection of somebody else'),
    );
  }
}

/**
 * Verifies bearer tokens: JWTs (RFC 7519) of one type, signed with one of a fixed list of algorithms. Who calls is who the token speaks
 * for; without a token it can be the service that the connection's certificate names. Fails with UNAUTHENTICATED; reasons TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED,
 * CERTIFICATE_MISMATCH; or with UNAVAILABLE, KEYS_UNAVAILABLE, before keys could be fetched for the first time. A verified token is remembered until it
 * expires or the keys change, because verifying one takes over 100 us.
 *
 * Throws when the key set's file cannot be read.
 */
export function createVerifier(options: VerifierOptions): Authenticate {
  const verifier = new Verifier(options);
  return (authorization, peer) => verifier.authenticate(authorization, peer);
}
