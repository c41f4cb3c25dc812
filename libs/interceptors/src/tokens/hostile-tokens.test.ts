import { createHmac, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Code } from '@millrace/rpc';
import { failureOf } from '../testing/answers.ts';
import { CLAIMS, generatePair, NOW_S, tokenMaker, type TestToken } from '../testing/test-tokens.ts';
import { createVerifier } from './create-verifier.ts';
import type { Algorithm } from './json-web-keys.ts';

const ALGORITHMS: readonly Algorithm[] = ['EdDSA', 'ES256', 'RS256', 'PS256'];
const dir = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** What a kind of token is made with. */
interface Making {
  readonly alg: Algorithm;
  /** Another that the verifier accepts, from other keys. */
  readonly otherAlg: Algorithm;
  readonly make: (token?: TestToken) => string;
  readonly keyOf: (name: string) => { publicKey: KeyObject; privateKey: KeyObject };
  readonly jwkOf: (name: string) => object;
}

function createMaking(alg: Algorithm): Making {
  const otherAlg = alg === 'EdDSA' ? 'ES256' : 'EdDSA';
  const pairs = Object.fromEntries(
    ['order', 'gateway', 'payment', 'stranger'].map((name) => [name, generatePair(alg)]),
  );
  pairs.other = generatePair(otherAlg);
  const keyOf = (name: string) => pairs[name] ?? generatePair(alg);
  const jwkOf = (name: string) => keyOf(name).publicKey.export({ format: 'jwk' });
  const keys = ['order', 'gateway', 'payment', 'other'].map((name) => {
    return { ...jwkOf(name), kid: name, use: 'sig', alg: name === 'other' ? otherAlg : alg };
  });
  writeFileSync(join(dir, `${alg}.json`), JSON.stringify({ keys }));
  return { alg, otherAlg, make: tokenMaker(alg, keyOf('order').privateKey), keyOf, jwkOf };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function hmac({ alg: _, ...header }: Record<string, unknown>, secret: string | Buffer): string {
  const signed = `${part({ ...header, alg: 'HS256' })}.${part(CLAIMS)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function changed(token: string, change: (parts: string[]) => void): string {
  const parts = token.split('.');
  change(parts);
  return parts.join('.');
}

const claims =
  (patch: Record<string, unknown>) =>
  ({ make }: Making) =>
    make({ claims: patch });
const header =
  (patch: Record<string, unknown>) =>
  ({ make }: Making) =>
    make({ header: patch });
const HEAD = { typ: 'at+jwt', kid: 'order' };

const HOSTILE: readonly (readonly [string, (making: Making) => string])[] = [
  // Who signed, and how.
  ['alg none', ({ make }) => changed(make({ header: { alg: 'none' } }), (parts) => (parts[2] = ''))],
  ['alg None, signed', header({ alg: 'None' })],
  ['no alg', header({ alg: undefined })],
  ['alg that is a list', ({ make, alg }) => make({ header: { alg: [alg] } })],
  ['alg in small letters', ({ make, alg }) => make({ header: { alg: alg.toLowerCase() } })],
  [
    'alg HS256 with the public key’s PEM as secret',
    ({ keyOf }) => hmac(HEAD, keyOf('order').publicKey.export({ type: 'spki', format: 'pem' })),
  ],
  [
    'alg HS256 with the public key’s bytes as secret',
    ({ keyOf }) => hmac(HEAD, keyOf('order').publicKey.export({ type: 'spki', format: 'der' })),
  ],
  ['alg HS256 with an empty secret', () => hmac(HEAD, '')],
  [
    'an accepted algorithm that is not the key’s',
    ({ make, otherAlg, keyOf }) =>
      make({ header: { alg: otherAlg }, key: keyOf('other').privateKey, signedAs: otherAlg }),
  ],
  [
    'the key of another algorithm',
    ({ make, otherAlg, keyOf }) =>
      make({ header: { alg: otherAlg, kid: 'other' }, key: keyOf('other').privateKey, signedAs: otherAlg }),
  ],
  ['an algorithm that nobody accepts', header({ alg: 'ES384' })],
  ['a stranger’s key under our kid', ({ make, keyOf }) => make({ key: keyOf('stranger').privateKey })],
  ['the key of another issuer', ({ make, keyOf }) => make({ key: keyOf('gateway').privateKey })],
  [
    'the key of another issuer, named',
    ({ make, keyOf }) => make({ header: { kid: 'gateway' }, key: keyOf('gateway').privateKey }),
  ],
  ['another issuer in the claims', claims({ iss: 'gateway', roles: [] })],
  [
    'a known issuer that is not accepted here',
    ({ make, keyOf }) =>
      make({
        header: { kid: 'payment' },
        claims: { iss: 'payment', roles: [] },
        key: keyOf('payment').privateKey,
      }),
  ],
  ['an unknown kid', header({ kid: 'nobody' })],
  ['no kid', header({ kid: undefined })],
  ['an empty kid', header({ kid: '' })],
  ['a kid that is a path', header({ kid: '../../../../dev/null' })],
  ['a kid that is SQL', header({ kid: "order' or '1'='1" })],
  ['a kid out of the prototype', header({ kid: '__proto__' })],
  ['a kid that is no text', header({ kid: ['order'] })],
  ['a kid of our issuer that does not exist', header({ kid: 'order#2' })],
  [
    'a jku with a key of its own',
    ({ make, keyOf }) =>
      make({ header: { jku: 'http://127.0.0.1:1/keys', kid: 'x' }, key: keyOf('stranger').privateKey }),
  ],
  [
    'an x5u',
    ({ make, keyOf }) => make({ header: { x5u: 'file:///etc/passwd' }, key: keyOf('stranger').privateKey }),
  ],
  [
    'its own jwk',
    ({ make, keyOf, jwkOf }) =>
      make({ header: { jwk: jwkOf('stranger') }, key: keyOf('stranger').privateKey }),
  ],
  [
    'an x5c chain',
    ({ make, keyOf }) => make({ header: { x5c: ['AAAA'] }, key: keyOf('stranger').privateKey }),
  ],
  // What it is.
  ['a critical extension we do not know', header({ crit: ['exp'], exp: 1 })],
  ['an unencoded payload', header({ b64: false, crit: ['b64'] })],
  ['typ JWT', header({ typ: 'JWT' })],
  ['no typ', header({ typ: undefined })],
  ['an id token', header({ typ: 'id+jwt' })],
  // For whom and until when.
  ['another audience', claims({ aud: 'order' })],
  ['no audience', claims({ aud: undefined })],
  ['a list of other audiences', claims({ aud: ['order', 'gateway'] })],
  ['an audience that only contains ours', claims({ aud: 'payment.evil' })],
  ['no issuer', claims({ iss: undefined })],
  ['an issuer that is a list', claims({ iss: ['order'] })],
  ['not valid yet', claims({ nbf: NOW_S + 60 })],
  ['a start that is text', claims({ nbf: '0' })],
  ['issued in the future', claims({ iat: NOW_S + 60, exp: NOW_S + 120 })],
  ['no expiry', claims({ exp: undefined })],
  ['an expiry that is text', claims({ exp: '9999999999' })],
  ['an endless life', claims({ exp: NOW_S + 1e10 })],
  [
    'an infinite expiry',
    ({ make }) => make({ claims: JSON.stringify(CLAIMS).replace(/"exp":\d+/, '"exp":1e999') }),
  ],
  ['an expiry before its issue', claims({ iat: NOW_S, exp: NOW_S - 1 })],
  ['no issue time', claims({ iat: undefined })],
  // Whom it names.
  ['no subject', claims({ sub: undefined })],
  ['an empty subject', claims({ sub: '' })],
  ['a subject that is no text', claims({ sub: { admin: true } })],
  ['a subject with a line break', claims({ sub: 'alice\n{"level":"error"}' })],
  ['a subject of 4 KiB', claims({ sub: 'a'.repeat(4_096) })],
  ['a tenant that is a path', claims({ tenant: '../other' })],
  ['a tenant that is no text', claims({ tenant: null })],
  ['no roles', claims({ roles: undefined })],
  ['roles as text', claims({ roles: 'admin' })],
  ['roles that are no names', claims({ roles: [{ admin: true }] })],
  ['too many roles', claims({ roles: Array.from({ length: 33 }, () => 'a') })],
  ['the role of another service', claims({ roles: ['service:gateway'] })],
  // How it is written.
  [
    'a flipped signature',
    ({ make }) => changed(make(), (parts) => (parts[2] = [...(parts[2] ?? '')].reverse().join(''))),
  ],
  ['no signature', ({ make }) => changed(make(), (parts) => (parts[2] = ''))],
  ['half a signature', ({ make }) => changed(make(), (parts) => (parts[2] = parts[2]?.slice(0, 20) ?? ''))],
  [
    'other claims under the signature',
    ({ make }) => changed(make(), (parts) => (parts[1] = part({ ...CLAIMS, sub: 'bob' }))),
  ],
  ['two parts', ({ make }) => changed(make(), (parts) => parts.pop())],
  ['five parts', ({ make }) => changed(make(), (parts) => parts.push('AAAA', 'AAAA'))],
  ['claims that are a list', ({ make }) => make({ claims: JSON.stringify([CLAIMS]) })],
  ['claims that are no JSON', ({ make }) => make({ claims: '{' })],
  ['a header that is no JSON', ({ make }) => make({ header: '{' })],
  ['a header that is a list', ({ make, alg }) => make({ header: JSON.stringify([{ ...HEAD, alg }]) })],
  ['dots only', () => '...'],
  ['standard base64', () => 'ab+/.cd==.ef=='],
  ['a length beyond all tokens', ({ make }) => make({ claims: { jti: 'x'.repeat(9_000) } })],
];

test('at least 51 kinds of token are tried', () => {
  expect(new Set(HOSTILE.map(([name]) => name)).size).toBeGreaterThanOrEqual(51);
});

describe.each(ALGORITHMS)('of the tokens signed with %s', (alg) => {
  const making = createMaking(alg);
  const verifier = createVerifier({
    keySetFile: join(dir, `${alg}.json`),
    issuers: ['order', 'gateway'],
    audience: 'payment',
    algorithms: ALGORITHMS,
    now: () => NOW_S * 1_000,
  });
  const verify = async (token: string) => verifier(`Bearer ${token}`);

  test('a good one is taken, so that the others are refused for what they are', async () => {
    expect(await verify(making.make())).toMatchObject({ subject: 'alice', tenant: 'shop', actor: 'order' });
  });

  test.each(HOSTILE)('one with %s is refused', async (_name, make) => {
    expect(await failureOf(verify(make(making)))).toMatchObject({
      code: Code.UNAUTHENTICATED,
      reason: 'TOKEN_INVALID',
      message: 'the token is not valid',
      sent: 'refused',
    });
  });
});
