import {
  constants,
  generateKeyPairSync,
  sign,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import type { Algorithm } from '../tokens/json-web-keys.ts';

/** When the tokens of tests are issued. */
export const NOW_S = 1_700_000_000;

/** What a good token says. */
export const CLAIMS = {
  iss: 'order',
  aud: 'payment',
  sub: 'alice',
  tenant: 'shop',
  roles: ['customer', 'service:order'],
  iat: NOW_S,
  exp: NOW_S + 60,
  jti: '1',
};

/** A token, part by part; what is not said is as in a good one. A text stands in place of what is no JSON object. */
export interface TestToken {
  readonly header?: Readonly<Record<string, unknown>> | string;
  readonly claims?: Readonly<Record<string, unknown>> | string;
  /** Whose key signs. Default: that of the issuer, `order`. */
  readonly key?: KeyObject;
  /** How it is signed, whatever the header says. */
  readonly signedAs?: Algorithm;
}

/** A key pair for an algorithm. */
export function generatePair(alg: Algorithm): KeyPairKeyObjectResult {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: 2_048 });
}

/** Signs as an algorithm says (RFC 7518, 3; RFC 8037, 3.1), whatever it is that is signed. */
export function signBytes(alg: Algorithm, data: string, key: KeyObject): string {
  const bytes = Buffer.from(data);
  const { RSA_PKCS1_PSS_PADDING: padding } = constants;
  const signature = {
    EdDSA: () => sign(null, bytes, key),
    ES256: () => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
    RS256: () => sign('sha256', bytes, key),
    PS256: () => sign('sha256', bytes, { key, padding, saltLength: 32 }),
  };
  return signature[alg]().toString('base64url');
}

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Makes tokens that no library would make: their signatures are good, so that each is refused for what it is. */
export function tokenMaker(alg: Algorithm, key: KeyObject): (token?: TestToken) => string {
  const full = { alg, typ: 'at+jwt', kid: 'order' };
  return ({ header = {}, claims = {}, key: signer = key, signedAs = alg } = {}) => {
    const head = encode(typeof header === 'string' ? header : { ...full, ...header });
    const body = encode(typeof claims === 'string' ? claims : { ...CLAIMS, ...claims });
    return `${head}.${body}.${signBytes(signedAs, `${head}.${body}`, signer)}`;
  };
}
