import { createPublicKey, type KeyObject } from 'node:crypto';

/** What tokens may be signed with. */
export type Algorithm = 'EdDSA' | 'ES256' | 'RS256' | 'PS256';

/** A public key and the one algorithm it is for: a token does not choose. */
export interface VerificationKey {
  readonly alg: Algorithm;
  readonly key: KeyObject;
}

type Jwk = Readonly<Record<string, unknown>>;

const MIN_RSA_BITS = 2_048;
const RSA: readonly Algorithm[] = ['RS256', 'PS256'];

/** The members that are public; a private key in a set is as good as its public half. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  OKP: ['kty', 'crv', 'x'],
  EC: ['kty', 'crv', 'x', 'y'],
  RSA: ['kty', 'n', 'e'],
};

/** Of an RSA key that does not say: the first that is accepted. */
function algorithmOf({ kty, crv, alg }: Jwk, accepted: readonly Algorithm[]): Algorithm | undefined {
  const able =
    kty === 'OKP' && crv === 'Ed25519'
      ? (['EdDSA'] as const)
      : kty === 'EC' && crv === 'P-256'
        ? (['ES256'] as const)
        : kty === 'RSA'
          ? RSA
          : [];
  return able.find((one) => accepted.includes(one) && (alg === undefined || alg === one));
}

function toKey(jwk: Jwk, accepted: readonly Algorithm[]): VerificationKey | undefined {
  const alg = algorithmOf(jwk, accepted);
  if (!alg || (jwk.use !== undefined && jwk.use !== 'sig')) return undefined;
  const members = MEMBERS[String(jwk.kty)] ?? [];
  const open = Object.fromEntries(members.map((name) => [name, String(jwk[name])]));
  const key = createPublicKey({ key: open, format: 'jwk' });
  const { modulusLength = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  return modulusLength < MIN_RSA_BITS ? undefined : { alg, key };
}

/**
 * The keys of a JSON Web Key Set (RFC 7517) by their names, those for accepted signatures only; others in it are passed over. Throws for
 * what is no set, and for two keys of one name.
 */
export function parseKeySet(
  text: string,
  { source, algorithms }: { readonly source: string; readonly algorithms: readonly Algorithm[] },
): ReadonlyMap<string, VerificationKey> {
  const { keys } = JSON.parse(text) as { keys?: Jwk[] };
  if (!Array.isArray(keys)) throw new Error(`${source} is no JSON Web Key Set`);
  const parsed = new Map<string, VerificationKey>();
  for (const jwk of keys) {
    const { kid } = jwk;
    const key = typeof kid === 'string' && kid !== '' ? toKey(jwk, algorithms) : undefined;
    if (!key) continue;
    if (parsed.has(String(kid))) throw new Error(`${source} has two keys named ${String(kid)}`);
    parsed.set(String(kid), key);
  }
  return parsed;
}
