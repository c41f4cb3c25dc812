import { describe, expect, it, test } from '@jest/globals';
import { Code, compose, RpcError } from '@millrace/rpc';
import type { Call, Interceptor, Next, Principal } from '@millrace/rpc';
import { auth, type Authenticate } from './auth.ts';
import { answering, failureOf, readAll } from './testing/answers.ts';
import { KINDS, testCall } from './testing/test-call.ts';

const alice: Principal = { subject: 'alice', tenant: 'shop', roles: ['customer'] };

/** As the chain does: a throw counts as a rejection. */
const run = (interceptor: Interceptor, call: Call, next: Next) => compose([interceptor], next)(call);

describe('auth', () => {
  test.each(KINDS)(
    'a %s call by somebody with a role passes, and its handler knows who it is',
    async (kind) => {
      const next = answering('fine');
      const { call } = testCall({ kind, metadata: { authorization: 'Bearer x' } });
      const seen: unknown[] = [];
      const authenticate = async (authorization: string | undefined) => {
        seen.push(authorization);
        return alice;
      };
      await readAll(auth(authenticate)(call, next));
      expect(seen).toEqual(['Bearer x']);
      expect(next.calls[0]?.context.principal).toBe(alice);
      expect(call.caller).toBe(alice);
    },
  );

  test.each(KINDS)('a %s call without the role is refused', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({ kind, policy: { roles: ['service:order'] } });
    const error = await failureOf(
      run(
        auth(async () => alice),
        call,
        next,
      ),
    );
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'ROLE_MISSING', sent: 'refused' });
    expect(next.calls).toHaveLength(0);
  });

  test.each(KINDS)('a %s call of a method without a policy is refused whoever calls', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({ kind, policy: { declared: false, roles: ['customer'] } });
    const error = await failureOf(
      run(
        auth(async () => alice),
        call,
        next,
      ),
    );
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'METHOD_NOT_DECLARED' });
    expect(next.calls).toHaveLength(0);
  });

  it('refuses everybody where the policy names no role', async () => {
    const { call } = testCall({ policy: { roles: [] } });
    const error = await failureOf(
      run(
        auth(async () => alice),
        call,
        answering(),
      ),
    );
    expect(error).toMatchObject({ reason: 'ROLE_MISSING' });
  });

  test.each(KINDS)('a %s call by somebody who is known at once goes on at once', (kind) => {
    const next = answering('fine');
    const { call } = testCall({ kind });
    void auth(() => alice)(call, next);
    expect(next.calls).toHaveLength(1);
  });

  it('shows whoever recognizes callers the certificate of the other end', async () => {
    const peerIdentity = { uris: ['spiffe://a/service/order'], dnsNames: [], subject: 'order' };
    const seen: unknown[] = [];
    const authenticate: Authenticate = (_authorization, peer) => {
      seen.push(peer);
      return alice;
    };
    await readAll(auth(authenticate)(testCall({ peerIdentity }).call, answering('fine')));
    expect(seen).toEqual([peerIdentity]);
  });

  it('passes on why nobody was recognized', async () => {
    const why = new RpcError(Code.UNAUTHENTICATED, 'no', { reason: 'TOKEN_MISSING' });
    expect(await failureOf(auth(() => Promise.reject(why))(testCall().call, answering()))).toBe(why);
  });
});
