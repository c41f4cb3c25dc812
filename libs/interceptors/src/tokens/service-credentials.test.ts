import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it, test } from '@jest/globals';
import { Code, Context, type Principal } from '@millrace/rpc';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { credentials } from '../credentials.ts';
import { answering, failureOf, readAll } from '../testing/answers.ts';
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
  const verify = createVerifier({
    keySetFile: keys.keySetFile,
    issuers: ['order'],
    audience: 'payment',
    now: () => time.nowMs,
  });
  const speak = async (principal?: Principal) => verify(await authorize(new Context({ principal })));
  return { time, authorize, speak };
}

describe('service credentials', () => {
  it('speak for the principal of the request', async () => {
    expect(await rig().speak(alice)).toEqual(alice);
  });

  it('speak for the service where there is no principal', async () => {
    expect(await rig().speak()).toEqual({ subject: 'order', tenant: 'default', roles: ['service:order'] });
  });

  it('speak for the service in the principal’s tenant where they are told to', async () => {
    const principal = { subject: 'order', tenant: 'shop', roles: ['service:order'] };
    expect(await rig({ asItself: true }).speak(alice)).toEqual(principal);
  });

  it('do not claim the role of another service that called', async () => {
    const roles = ['admin', 'service:gateway', 'service:order'];
    expect(await rig().speak({ ...alice, roles })).toEqual({ ...alice, roles: ['admin', 'service:order'] });
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
        (principal) => authorize(new Context({ principal })),
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

  it('throw at once when the key is no private key', () => {
    const options = { issuer: 'order', audience: 'payment' };
    expect(() => serviceCredentials({ ...options, keyFile: keys.keySetFile })).toThrow(
      'no private Ed25519 key',
    );
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

  it('fails a call for which there is no token, unsent', async () => {
    const { call } = testCall({ side: 'client' });
    const error = await failureOf(credentials(() => Promise.reject(new Error('no key')))(call, answering()));
    expect(error).toMatchObject({ code: Code.INTERNAL, sent: 'never', message: 'internal error' });
  });
});
