import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it, test } from '@jest/globals';
import { Code, type PeerIdentity } from '@millrace/rpc';
import { SignJWT, type JWTPayload } from 'jose';
import { failureOf } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { fakeLogger } from '../testing/fake-logger.ts';
import { testKeys } from '../testing/test-keys.ts';
import { createVerifier, type VerifierOptions } from './create-verifier.ts';
import { spiffeServices } from './service-certificates.ts';

const NOW_S = 1_700_000_000;
const keys = testKeys('order', 'gateway', 'payment');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });

afterAll(() => rmSync(keys.dir, { recursive: true }));

interface Token {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: KeyObject;
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

function rig(options: Partial<Omit<VerifierOptions, 'keySetFile' | 'keySetUrl'>> = {}) {
  const clock = new FakeClock();
  const time = { nowMs: NOW_S * 1_000 };
  const logger = fakeLogger();
  const verifier = createVerifier({
    keySetFile: keys.keySetFile,
    issuers: ['order', 'gateway'],
    audience: 'payment',
    now: () => time.nowMs,
    clock,
    logger,
    ...options,
  });
  const verify = async (authorization?: string, peer?: PeerIdentity) => verifier(authorization, peer);
  return { clock, time, logger, verifier, verify };
}

describe('the verifier', () => {
  it('tells who a token speaks for', async () => {
    const { verify } = rig();
    const principal = await verify(`Bearer ${await sign()}`);
    expect(principal).toEqual({
      subject: 'alice',
      tenant: 'shop',
      roles: ['customer', 'service:order'],
      actor: 'order',
    });
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

  it('takes the type of token that it is told of, and no other', async () => {
    const { verify } = rig({ tokenType: 'JWT' });
    expect(await verify(`Bearer ${await sign({ header: { typ: 'JWT' } })}`)).toMatchObject({
      subject: 'alice',
    });
    expect(await failureOf(verify(`Bearer ${await sign()}`))).toMatchObject({ reason: 'TOKEN_INVALID' });
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

  it('verifies a token once, and knows it at once from then on', async () => {
    const { verifier } = rig();
    const token = `Bearer ${await sign()}`;
    const principal = await verifier(token);
    expect(verifier(token)).toBe(principal);
  });

  test.each<[string, object, string | undefined]>([
    ['has the role of its issuer', { roles: ['service:order'] }, 'order'],
    ['says so', { roles: ['customer'], act: { sub: 'order' } }, 'order'],
    ['says that somebody else does', { roles: ['customer'], act: { sub: 'gateway' } }, undefined],
    ['says so without a name', { roles: ['customer'], act: 'order' }, undefined],
    ['says nothing', { roles: ['customer'] }, undefined],
  ])('knows which service acts where the token %s', async (_name, claims, actor) => {
    expect((await rig().verify(`Bearer ${await sign({ claims: { ...claims } })}`)).actor).toBe(actor);
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

  it('may be two of one issuer while one takes the place of the other', async () => {
    const old = `Bearer ${await sign()}`;
    const { keys: set } = JSON.parse(readFileSync(keys.keySetFile, 'utf8')) as { keys: { kid: string }[] };
    const next = generateKeyPairSync('ed25519');
    const added = { ...next.publicKey.export({ format: 'jwk' }), kid: 'order#2' };
    writeFileSync(keys.keySetFile, JSON.stringify({ keys: [...set, added] }));
    const { verify } = rig();
    expect(await verify(old)).toMatchObject({ subject: 'alice' });
    const fresh = await sign({ header: { kid: 'order#2' }, key: next.privateKey });
    expect(await verify(`Bearer ${fresh}`)).toMatchObject({ subject: 'alice' });
    const foreign = await sign({
      header: { kid: 'order#2' },
      claims: { iss: 'gateway', roles: [] },
      key: next.privateKey,
    });
    expect(await failureOf(verify(`Bearer ${foreign}`))).toMatchObject({ reason: 'TOKEN_INVALID' });
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

describe('the verifier, of those who come with a certificate', () => {
  const certificates = spiffeServices('millrace.example');
  const of = (service: string): PeerIdentity => ({
    uris: [`spiffe://millrace.example/service/${service}`],
    dnsNames: [],
    subject: '',
  });

  it('lets a service in without a token', async () => {
    expect(await rig({ certificates }).verify(undefined, of('order'))).toEqual({
      subject: 'order',
      tenant: 'default',
      roles: ['service:order'],
      actor: 'order',
    });
  });

  it('knows services by their SPIFFE id where nothing else is said', async () => {
    expect(await rig().verify(undefined, of('order'))).toMatchObject({ subject: 'order', actor: 'order' });
    const elsewhere = rig({ certificates: spiffeServices('shop.example') });
    expect(await failureOf(elsewhere.verify(undefined, of('order')))).toMatchObject({
      reason: 'TOKEN_MISSING',
    });
  });

  it('goes by the token where there are both, a bad one too', async () => {
    const { verify } = rig({ certificates });
    expect(await verify(`Bearer ${await sign()}`, of('order'))).toMatchObject({ subject: 'alice' });
    expect(await failureOf(verify('Bearer a.b.c', of('order')))).toMatchObject({ reason: 'TOKEN_INVALID' });
  });

  it('takes a service’s token from that service, and without a certificate only where it may', async () => {
    const token = `Bearer ${await sign()}`;
    const nobodys = `Bearer ${await sign({ claims: { roles: ['customer'] } })}`;
    const mismatch = { code: Code.UNAUTHENTICATED, reason: 'CERTIFICATE_MISMATCH', sent: 'refused' };
    for (const bindToCertificate of [false, true]) {
      const { verify } = rig({ bindToCertificate });
      expect(await verify(token, of('order'))).toMatchObject({ subject: 'alice' });
      expect(await failureOf(verify(token, of('gateway')))).toMatchObject(mismatch);
      expect(await verify(nobodys)).toMatchObject({ subject: 'alice' });
    }
    expect(await rig().verify(token)).toMatchObject({ subject: 'alice' });
    expect(await failureOf(rig({ bindToCertificate: true }).verify(token))).toMatchObject(mismatch);
  });
});
