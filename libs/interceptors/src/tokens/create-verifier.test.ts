import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it, test } from '@jest/globals';
import { Code } from '@millrace/rpc';
import { SignJWT, type JWTPayload } from 'jose';
import { failureOf } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { fakeLogger } from '../testing/fake-logger.ts';
import { testKeys } from '../testing/test-keys.ts';
import { createVerifier } from './create-verifier.ts';

const NOW_S = 1_700_000_000;
const keys = testKeys('order', 'gateway', 'payment');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const stranger = generateKeyPairSync('ed25519');

afterAll(() => rmSync(keys.dir, { recursive: true }));

interface Token {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: KeyObject | Uint8Array;
}

const HEADER = { alg: 'EdDSA', typ: 'at+jwt', kid: 'order' };
const CLAIMS = {
  iss: 'order',
  aud: 'payment',
  sub: 'alice',
  tenant: 'shop',
  roles: ['customer', 'service:order'],
  iat: NOW_S,
  exp: NOW_S + 60,
  jti: '1',
};

function sign({ header, claims, key = keys.privateKey('order') }: Token = {}): Promise<string> {
  const payload = JSON.parse(JSON.stringify({ ...CLAIMS, ...claims })) as JWTPayload;
  return new SignJWT(payload).setProtectedHeader({ ...HEADER, ...header }).sign(key);
}

/** For what no library would sign. */
function encode(header: unknown, payload: unknown, signature = ''): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(payload)}.${signature}`;
}

function hmac(header: object, secret: string | Buffer): string {
  const token = encode(header, CLAIMS).slice(0, -1);
  return `${token}.${createHmac('sha256', secret).update(token).digest('base64url')}`;
}

async function resigned(change: (parts: string[]) => void): Promise<string> {
  const parts = (await sign()).split('.');
  change(parts);
  return parts.join('.');
}

function rig(options: { cacheSize?: number } = {}) {
  const clock = new FakeClock();
  const time = { nowMs: NOW_S * 1_000 };
  const logger = fakeLogger();
  const verify = createVerifier({
    keySetFile: keys.keySetFile,
    issuers: ['order', 'gateway'],
    audience: 'payment',
    now: () => time.nowMs,
    clock,
    logger,
    ...options,
  });
  return { clock, time, logger, verify };
}

const publicPem = () => {
  const { keys: set } = JSON.parse(readFileSync(keys.keySetFile, 'utf8')) as { keys: { x: string }[] };
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: set[0]?.x ?? '' }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
};

const hostile: [string, () => string | Promise<string>][] = [
  ['alg none', () => encode({ ...HEADER, alg: 'none' }, CLAIMS)],
  ['alg None', () => encode({ ...HEADER, alg: 'None' }, CLAIMS)],
  ['no alg', () => encode({ typ: 'at+jwt', kid: 'order' }, CLAIMS, 'AAAA')],
  ['alg HS256 with the public key as secret', () => hmac({ ...HEADER, alg: 'HS256' }, publicPem())],
  ['alg HS256 with an empty secret', () => hmac({ ...HEADER, alg: 'HS256' }, '')],
  ['alg RS256', () => sign({ header: { alg: 'RS256' }, key: rsa.privateKey })],
  ['a stranger’s key under our kid', () => sign({ key: stranger.privateKey })],
  ['the key of another issuer', () => sign({ key: keys.privateKey('gateway') })],
  ['another issuer in the claims', () => sign({ claims: { iss: 'gateway', roles: [] } })],
  [
    'a known issuer that is not accepted here',
    () => sign({ header: { kid: 'payment' }, claims: { iss: 'payment' }, key: keys.privateKey('payment') }),
  ],
  ['an unknown kid', () => sign({ header: { kid: 'nobody' } })],
  ['no kid', () => sign({ header: { kid: undefined } })],
  ['a kid that is a path', () => sign({ header: { kid: '../../../../dev/null' } })],
  ['a kid that is SQL', () => sign({ header: { kid: "order' or '1'='1" } })],
  ['a kid out of the prototype', () => sign({ header: { kid: '__proto__' } })],
  ['a kid that is no text', () => encode({ ...HEADER, kid: ['order'] }, CLAIMS, 'AAAA')],
  [
    'a jku with a key of its own',
    () => sign({ header: { jku: 'http://127.0.0.1:1/keys', kid: 'x' }, key: stranger.privateKey }),
  ],
  ['an x5u', () => sign({ header: { x5u: 'file:///etc/passwd' }, key: stranger.privateKey })],
  [
    'its own jwk',
    () => sign({ header: { jwk: stranger.publicKey.export({ format: 'jwk' }) }, key: stranger.privateKey }),
  ],
  ['an x5c chain', () => sign({ header: { x5c: ['AAAA'] }, key: stranger.privateKey })],
  ['a critical extension we do not know', () => encode({ ...HEADER, crit: ['exp'], exp: 1 }, CLAIMS, 'AAAA')],
  ['an unencoded payload', () => encode({ ...HEADER, b64: false, crit: ['b64'] }, CLAIMS, 'AAAA')],
  ['typ JWT', () => sign({ header: { typ: 'JWT' } })],
  ['no typ', () => sign({ header: { typ: undefined } })],
  ['an id token', () => sign({ header: { typ: 'id+jwt' } })],
  ['another audience', () => sign({ claims: { aud: 'order' } })],
  ['no audience', () => sign({ claims: { aud: undefined } })],
  ['a list of other audiences', () => sign({ claims: { aud: ['order', 'gateway'] } })],
  ['no issuer', () => sign({ claims: { iss: undefined } })],
  ['not valid yet', () => sign({ claims: { nbf: NOW_S + 60 } })],
  ['issued in the future', () => sign({ claims: { iat: NOW_S + 60, exp: NOW_S + 120 } })],
  ['no expiry', () => sign({ claims: { exp: undefined } })],
  ['an expiry that is text', () => sign({ claims: { exp: '9999999999' } })],
  ['an endless life', () => sign({ claims: { exp: NOW_S + 1e10 } })],
  [
    'an infinite expiry',
    async () => {
      const [head, body] = (await sign()).split('.');
      return `${head}.${Buffer.from(
        Buffer.from(body ?? '', 'base64url')
          .toString()
          .replace(/"exp":\d+/, '"exp":1e999'),
      ).toString('base64url')}.AAAA`;
    },
  ],
  ['no issue time', () => sign({ claims: { iat: undefined } })],
  ['no subject', () => sign({ claims: { sub: undefined } })],
  ['an empty subject', () => sign({ claims: { sub: '' } })],
  ['a subject that is no text', () => sign({ claims: { sub: { admin: true } } })],
  ['a subject with a line break', () => sign({ claims: { sub: 'alice\n{"level":"error"}' } })],
  ['a subject of 64 KiB', () => sign({ claims: { sub: 'a'.repeat(65_536) } })],
  ['a tenant that is a path', () => sign({ claims: { tenant: '../other' } })],
  ['a tenant that is no text', () => sign({ claims: { tenant: null } })],
  ['no roles', () => sign({ claims: { roles: undefined } })],
  ['roles as text', () => sign({ claims: { roles: 'admin' } })],
  ['roles that are no names', () => sign({ claims: { roles: [{ admin: true }] } })],
  ['ten thousand roles', () => sign({ claims: { roles: Array.from({ length: 10_000 }, () => 'a') } })],
  ['the role of another service', () => sign({ claims: { roles: ['service:gateway'] } })],
  ['a flipped signature', () => resigned((parts) => (parts[2] = [...(parts[2] ?? '')].reverse().join('')))],
  ['no signature', () => resigned((parts) => (parts[2] = ''))],
  [
    'other claims under the signature',
    () =>
      resigned(
        (parts) => (parts[1] = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'bob' })).toString('base64url')),
      ),
  ],
  ['two parts', () => resigned((parts) => parts.pop())],
  ['five parts', () => resigned((parts) => parts.push('AAAA', 'AAAA'))],
  ['claims that are a list', () => encode(HEADER, [CLAIMS], 'AAAA')],
  ['claims that are no JSON', () => encode(HEADER, '{', 'AAAA')],
  ['a header that is no JSON', () => encode('{', CLAIMS, 'AAAA')],
  ['dots only', () => '...'],
  ['standard base64', () => 'ab+/.cd==.ef=='],
];

describe('the verifier', () => {
  it('tells who a token speaks for', async () => {
    const { verify } = rig();
    const principal = await verify(`Bearer ${await sign()}`);
    expect(principal).toEqual({ subject: 'alice', tenant: 'shop', roles: ['customer', 'service:order'] });
    expect(Object.isFrozen(principal) && Object.isFrozen(principal.roles)).toBe(true);
  });

  test.each([
    ['a missing tenant is the default one', { tenant: undefined }, { tenant: 'default' }],
    ['one audience of several is enough', { aud: ['x', 'payment'] }, { subject: 'alice' }],
    ['a subject can be a name', { sub: 'Zoë van der Berg' }, { subject: 'Zoë van der Berg' }],
    ['a clock may be a little off', { iat: NOW_S + 4, nbf: NOW_S + 4 }, { subject: 'alice' }],
  ])('%s', async (_name, claims, expected) => {
    expect(await rig().verify(`bearer ${await sign({ claims })}`)).toMatchObject(expected);
  });

  test.each(hostile)('refuses a token with %s', async (_name, make) => {
    const error = await failureOf(rig().verify(`Bearer ${await make()}`));
    expect(error).toMatchObject({
      code: Code.UNAUTHENTICATED,
      reason: 'TOKEN_INVALID',
      message: 'the token is not valid',
      sent: 'refused',
    });
  });

  test.each([
    [undefined, 'TOKEN_MISSING'],
    ['', 'TOKEN_MISSING'],
    ['Bearer', 'TOKEN_INVALID'],
    ['Bearer ', 'TOKEN_INVALID'],
    ['Basic YWxpY2U6c2VjcmV0', 'TOKEN_INVALID'],
    ['Bearer a b', 'TOKEN_INVALID'],
    [`Bearer ${'a'.repeat(9_000)}`, 'TOKEN_INVALID'],
  ])('refuses the authorization %j', async (authorization, reason) => {
    const error = await failureOf(rig().verify(authorization));
    expect(error).toMatchObject({ code: Code.UNAUTHENTICATED, reason });
  });

  it('refuses a token once it has expired, though it was accepted before', async () => {
    const { verify, time } = rig();
    const token = `Bearer ${await sign()}`;
    await verify(token);
    time.nowMs += 64_000;
    await verify(token);
    time.nowMs += 2_000;
    expect(await failureOf(verify(token))).toMatchObject({ reason: 'TOKEN_EXPIRED' });
  });

  it('verifies a token once', async () => {
    const { verify } = rig();
    const token = `Bearer ${await sign()}`;
    expect(await verify(token)).toBe(await verify(token));
  });

  it('remembers a bounded number of tokens', async () => {
    const { verify } = rig({ cacheSize: 1 });
    const [one, two] = [`Bearer ${await sign()}`, `Bearer ${await sign({ claims: { jti: '2' } })}`];
    const first = await verify(one);
    await verify(two);
    expect(await verify(one)).not.toBe(first);
  });

  it('throws at once when the key set cannot be read', () => {
    const options = { issuers: ['order'], audience: 'payment' };
    expect(() => createVerifier({ keySetFile: '/nowhere/keys.json', ...options })).toThrow('ENOENT');
  });
});

describe('the verifier’s keys', () => {
  beforeEach(() => keys.rotate('order'));

  it('are read again when the file changes, at most once a second', async () => {
    const { verify, clock } = rig();
    const old = `Bearer ${await sign()}`;
    await verify(old);
    keys.rotate('order');
    const fresh = `Bearer ${await sign()}`;
    await verify(old);
    expect(await failureOf(verify(fresh))).toMatchObject({ reason: 'TOKEN_INVALID' });
    clock.advance(1_000);
    expect(await verify(fresh)).toMatchObject({ subject: 'alice' });
    expect(await failureOf(verify(old))).toMatchObject({ reason: 'TOKEN_INVALID' });
  });

  it('stay as they are when the file is broken, and somebody is told', async () => {
    const { verify, clock, logger } = rig();
    const token = `Bearer ${await sign()}`;
    writeFileSync(keys.keySetFile, '{"keys":');
    clock.advance(1_000);
    expect(await verify(token)).toMatchObject({ subject: 'alice' });
    expect(logger.lines).toMatchObject([{ level: 'error' }]);
  });

  it('are only those for Ed25519 signatures', async () => {
    const set = JSON.parse(readFileSync(keys.keySetFile, 'utf8')) as { keys: object[] };
    const other = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'EdDSA' };
    writeFileSync(
      keys.keySetFile,
      JSON.stringify({ keys: [other, ...set.keys, { kty: 'oct', k: 'AA', kid: 'k' }] }),
    );
    expect(await rig().verify(`Bearer ${await sign()}`)).toMatchObject({ subject: 'alice' });
  });
});
