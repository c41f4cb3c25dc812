import type { JWTPayload } from 'jose';
import type { Principal } from '@millrace/rpc';
import { DEFAULT_TENANT, isServiceName, SERVICE_ROLE } from './token-format.ts';

/** Any text a person or system can be named by, without control characters. */
const SUBJECT = /^[^\p{C}]{1,128}$/u;
const TENANT = /^[\w.:-]{1,64}$/;
const ROLE = /^[a-z][\w:.-]{0,63}$/;
const MAX_ROLES = 32;
const MAX_LIFETIME_S = 30 * 86_400;

/** A claim is not what it must be. */
export class BadClaim extends Error {
  override readonly name = 'BadClaim';
}

function isMatch(pattern: RegExp, value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function readRoles({ iss, roles }: JWTPayload): readonly string[] {
  if (!Array.isArray(roles) || roles.length > MAX_ROLES) throw new BadClaim('roles is no list of names');
  return roles.map((role: unknown) => {
    if (!isMatch(ROLE, role)) throw new BadClaim('roles is no list of names');
    if (role.startsWith(SERVICE_ROLE) && role !== `${SERVICE_ROLE}${iss}`) {
      throw new BadClaim(`${iss} cannot speak for ${role}`);
    }
    return role;
  });
}

/** The service that issued the token for somebody (RFC 8693, 4.1) or for itself. Nobody but the issuer is believed to act. */
function readActor({ iss, act }: JWTPayload, roles: readonly string[]): string | undefined {
  if (!isServiceName(iss)) return undefined;
  const acts = typeof act === 'object' && act !== null && 'sub' in act && act.sub === iss;
  return acts || roles.includes(`${SERVICE_ROLE}${iss}`) ? iss : undefined;
}

/**
 * The principal that verified claims name. Throws BadClaim for claims of a wrong shape, a token that lives too long or
 * comes from the future, and for the role of a service in a token of somebody else.
 */
export function readPrincipal(
  claims: JWTPayload,
  { nowS, toleranceS }: { nowS: number; toleranceS: number },
): Principal {
  const { sub, tenant = DEFAULT_TENANT, iat, exp } = claims;
  if (!isMatch(SUBJECT, sub)) throw new BadClaim('sub is no name');
  if (!isMatch(TENANT, tenant)) throw new BadClaim('tenant is no name');
  if (typeof iat !== 'number' || iat > nowS + toleranceS) throw new BadClaim('iat is not in the past');
  if (typeof exp !== 'number' || !(exp > iat) || exp - iat > MAX_LIFETIME_S) {
    throw new BadClaim(`exp is not within ${MAX_LIFETIME_S} s of iat`);
  }
  const roles = Object.freeze(readRoles(claims));
  const actor = readActor(claims, roles);
  return Object.freeze({ subject: sub, tenant, roles, ...(actor !== undefined && { actor }) });
}
