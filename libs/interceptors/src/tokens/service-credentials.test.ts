import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it, test } from '@jest/globals';
import { Code, Context, RpcError, type Principal } from '@millrace/rpc';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { credentials, type ServiceCredentials } from '../credentials.ts';
import { answering, failureOf, readAll } from '../testing/answers.ts';
import { fakeLogger } from '../testing/fake-logger.ts';
import { KINDS, testCall } from '../testing/test-call.ts';
import { testKeys } from '../testing/test-keys.ts';
import { createVerifier } from './create-verifier.ts';
import { serviceCredentials } from './service-credentials.ts';

const keys = testKeys('order', 'gateway');
const alice: Principal = { subject: 'alice', tenant: 'shop', roles: ['customer'] };

afterAll(() => rmSync(keys.dir, { recursive: true }));

function rig(options: { asItself?: boolean; cacheSize?: number } = {}) {
  const time = { nowMs: 1_700_000_000_500 };
  const authorize = serviceCredentials({
    issuer: 'order',
    keyFile: keys.keyFile('order'),
    audience: 'payment',
    now: () => time.nowMs,
    ...options,
  });
  const verifier = createVerifier({
    keySetFile: keys.keySetFile,
    issuers: ['order'],
    audience: 'payment',
    now: () => time.nowMs,
  });
  const speak = async (principal?: Principal) => verifier(await authorize(new Context({ principal })));
  return { time, authorize, speak };
}

describe('service credentials', () => {
  it('speak for the principal of the request', async () => {
    expect(await rig().speak(alice)).toEqual({ ...alice, actor: 'order' });
  });

  it('speak for the service where there is no principal', async () => {
    const order = { subject: 'order', tenant: 'default', roles: ['service:order'], actor: 'order' };
    expect(await rig().speak()).toEqual(order);
  });

  it('speak for the service in the principal’s tenant where they are told to', async () => {
    const principal = { subject: 'order', tenant: 'shop', roles: ['service:order'], actor: 'order' };
    expect(await rig({ asItself: true }).speak(alice)).toEqual(principal);
  });

  it('do not claim the role of another service that called', async () => {
    const roles = ['admin', 'service:gateway', 'service:order'];
    const expected = { ...alice, roles: ['admin', 'service:order'], actor: 'order' };
    expect(await rig().speak({ ...alice, roles, actor: 'gateway' })).toEqual(expected);
  });

  it('are at+jwt of a minute, each with an id of its own', async () => {
    const { authorize } = rig();
    const [, token = ''] = (await authorize(new Context({ principal: alice }))).split(' ');
    const { iat = 0, exp, jti, iss, aud } = decodeJwt(token);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: 'order' });
    expect({ iss, aud, exp }).toEqual({ iss: 'order', aud: 'payment', exp: iat + 60 });
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('are made once for a principal and renewed after 45 s', async () => {
    const { time, authorize } = rig();
    const context = () => new Context({ principal: { ...alice } });
    const first = await authorize(context());
    time.nowMs += 44_999;
    expect(await authorize(context())).toBe(first);
    time.nowMs += 1;
    expect(await authorize(context())).not.toBe(first);
  });

  it('are made anew when the clock was set back', async () => {
    const { time, authorize } = rig();
    const first = await authorize(new Context());
    time.nowMs -= 3_600_000;
    expect(await authorize(new Context())).not.toBe(first);
  });

  it('are never those of somebody else', async () => {
    const { authorize } = rig();
    const tokens = await Promise.all(
      [alice, { ...alice, tenant: 'x' }, { ...alice, subject: 'bob' }, { ...alice, roles: [] }].map(
        async (principal) => authorize(new Context({ principal })),
      ),
    );
    expect(new Set(tokens).size).toBe(4);
  });

  it('are kept for a bounded number of principals', async () => {
    const { authorize } = rig({ cacheSize: 1 });
    const first = await authorize(new Context({ principal: alice }));
    await authorize(new Context());
    expect(await authorize(new Context({ principal: alice }))).not.toBe(first);
  });

  it('throw at once when the key is no private key, or somebody else’s', () => {
    const options = { issuer: 'order', audience: 'payment' };
    expect(() => serviceCredentials({ ...options, keyFile: keys.keySetFile })).toThrow(
      'no private Ed25519 key',
    );
    const keyFile = keys.keyFile('gateway');
    expect(() => serviceCredentials({ ...options, keyFile })).toThrow('is the key of gateway, not of order');
  });

  it('go on with a key that takes the place of another, not with a broken one', async () => {
    const mine = testKeys('order');
    const options = { issuer: 'order', keyFile: mine.keyFile('order'), audience: 'payment', cacheSize: 1 };
    const logger = fakeLogger();
    const authorize = serviceCredentials({ ...options, logger });
    const verifier = createVerifier({ keySetFile: mine.keySetFile, issuers: ['order'], audience: 'payment' });
    const speak = async (subject: string) =>
      verifier(await authorize(new Context({ principal: { ...alice, subject } })));
    expect(await speak('one')).toMatchObject({ subject: 'one' });
    writeFileSync(mine.keyFile('order'), '{');
    expect(await speak('two')).toMatchObject({ subject: 'two' });
    expect(logger.lines).toMatchObject([{ level: 'error' }]);
    mine.rotate('order');
    const fresh = createVerifier({ keySetFile: mine.keySetFile, issuers: ['order'], audience: 'payment' });
    const three = await authorize(new Context({ principal: { ...alice, subject: 'three' } }));
    expect(await fresh(three)).toMatchObject({ subject: 'three' });
    rmSync(mine.dir, { recursive: true });
  });

  it('are there at once where they are known', async () => {
    const { authorize } = rig();
    const context = new Context({ principal: alice });
    const first = await authorize(context);
    expect(authorize(context)).toBe(first);
  });
});

describe('the credentials interceptor', () => {
  test.each(KINDS)('a %s call carries our token, never the one that came in', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({
      side: 'client',
      kind,
      metadata: { authorization: 'Bearer incoming', a: 'b' },
    });
    await readAll(credentials(async () => 'Bearer ours')(call, next));
    const [sent] = next.calls;
    expect(sent?.metadata.get('authorization')).toBe('Bearer ours');
    expect(sent?.metadata.get('a')).toBe('b');
  });

  test.each<[string, ServiceCredentials]>([
    ['at last', () => Promise.reject(new Error('no key'))],
    [
      'at once',
      () => {
        throw new Error('no key');
      },
    ],
  ])('fails a call for which there is no token, %s, unsent', async (_name, authorize) => {
    const { call } = testCall({ side: 'client' });
    const error = await failureOf(credentials(authorize)(call, answering()));
    expect(error).toMatchObject({ code: Code.INTERNAL, sent: 'never', message: 'internal error' });
  });

  it('leaves alone what became of a call that was sent', async () => {
    const why = new RpcError(Code.UNAVAILABLE, 'gone');
    const error = await failureOf(
      credentials(async () => 'Bearer x')(testCall({ side: 'client' }).call, () => Promise.reject(why)),
    );
    expect(error).toBe(why);
  });
});
