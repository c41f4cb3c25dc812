import { randomUUID } from 'node:crypto';
import type { Principal } from '@millrace/rpc';
import { SignJWT } from 'jose';
import type { ServiceCredentials } from '../credentials.ts';
import type { Logger } from '../logger.ts';
import { Lru } from './lru.ts';
import { SigningKey } from './signing-key.ts';
import { ALGORITHM, DEFAULT_TENANT, SERVICE_ROLE, TOKEN_TYPE } from './token-format.ts';

/** Options of {@link serviceCredentials}. */
export interface ServiceCredentialsOptions {
  /** The calling service; the name of its key and the issuer of its tokens. */
  readonly issuer: string;
  /** Its private key, an Ed25519 JSON Web Key named (kid) as the service, or `<service>#<anything>`. Read again when it changes. */
  readonly keyFile: string;
  /** The called service. */
  readonly audience: string;
  /** Speak for the service itself even where there is a principal; its tenant stays. Default false. */
  readonly asItself?: boolean;
  /** For how many principals a token is kept. Default 1,000. */
  readonly cacheSize?: number;
  /** Told when a changed key cannot be used. */
  readonly logger?: Logger;
  /** Milliseconds of the calendar. Default Date.now. */
  readonly now?: () => number;
}

interface Minted {
  authorization: string | Promise<string>;
  readonly atMs: number;
}

/** Whom a token names, and where it is kept. */
interface Speaker {
  readonly who: Principal;
  readonly cacheKey: string;
}

type MintOptions = Pick<ServiceCredentialsOptions, 'issuer' | 'audience'> & { readonly atMs: number };

const LIFETIME_S = 60;
const RENEW_AFTER_MS = 45_000;

/** Whom a token names: the context's principal, without the roles of services we cannot speak for, or the service. */
function speakFor(
  principal: Principal | undefined,
  { issuer, asItself = false }: ServiceCredentialsOptions,
): Principal {
  const own = `${SERVICE_ROLE}${issuer}`;
  if (!principal || asItself) {
    return { subject: issuer, tenant: principal?.tenant ?? DEFAULT_TENANT, roles: [own] };
  }
  const roles = principal.roles.filter((role) => role === own || !role.startsWith(SERVICE_ROLE));
  return { subject: principal.subject, tenant: principal.tenant, roles };
}

function speakerFor(principal: Principal | undefined, options: ServiceCredentialsOptions): Speaker {
  const who = speakFor(principal, options);
  return { who, cacheKey: JSON.stringify([who.tenant, who.subject, who.roles]) };
}

async function mint(
  who: Principal,
  key: SigningKey,
  { audience, issuer, atMs }: MintOptions,
): Promise<string> {
  const iat = Math.floor(atMs / 1_000);
  const { kid, privateKey } = key.current();
  const token = await new SignJWT({ tenant: who.tenant, roles: [...who.roles], act: { sub: issuer } })
    .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(who.subject)
    .setIssuedAt(iat)
    .setExpirationTime(iat + LIFETIME_S)
    .setJti(randomUUID())
    .sign(privateKey);
  return `Bearer ${token}`;
}

/**
 * Mints the tokens that one service calls another with: for the principal of the request at hand, or for the service itself
 * where there is none (role `service:<issuer>`). A token is valid for 60 s, used for 45, and says which service acts (`act`).
 *
 * Throws when the key cannot be read.
 */
export function serviceCredentials(options: ServiceCredentialsOptions): ServiceCredentials {
  const { issuer, keyFile, audience, cacheSize = 1_000, logger, now = Date.now } = options;
  const key = new SigningKey(keyFile, issuer, (err) =>
    logger?.error({ err, keyFile }, 'the signing key cannot be read, the last one stays'),
  );
  const minted = new Lru<Minted>(cacheSize);
  const speakers = new WeakMap<Principal, Speaker>();
  const ourselves = speakerFor(undefined, options);
  return ({ principal }) => {
    // The same caller is the same object as long as its token is known.
    let speaker = principal ? speakers.get(principal) : ourselves;
    if (!speaker) {
      speaker = speakerFor(principal, options);
      if (principal) speakers.set(principal, speaker);
    }
    const { who, cacheKey } = speaker;
    const atMs = now();
    const known = minted.get(cacheKey);
    // An age below zero: the clock was set back, and the token may look as if it came from the future.
    if (known && atMs >= known.atMs && atMs - known.atMs < RENEW_AFTER_MS) return known.authorization;
    const authorization = mint(who, key, { issuer, audience, atMs });
    const fresh: Minted = { authorization, atMs };
    minted.set(cacheKey, fresh);
    authorization.then(
      (text) => (fresh.authorization = text),
      () => minted.delete(cacheKey),
    );
    return authorization;
  };
}
