import { describe, expect, it, test } from '@jest/globals';
import { Code, RpcError, type Principal } from '@millrace/rpc';
import { auth } from './auth.ts';
import { principalOf } from './call-principal.ts';
import { answering, failureOf, readAll } from './testing/answers.ts';
import { KINDS, testCall } from './testing/test-call.ts';

const alice: Principal = { subject: 'alice', tenant: 'shop', roles: ['customer'] };

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
      expect(principalOf(call)).toBe(alice);
    },
  );

  test.each(KINDS)('a %s call without the role is refused', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({ kind, policy: { roles: ['service:order'] } });
    const error = await failureOf(auth(async () => alice)(call, next));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'ROLE_MISSING', sent: 'refused' });
    expect(next.calls).toHaveLength(0);
  });

  test.each(KINDS)('a %s call of a method without a policy is refused whoever calls', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({ kind, policy: { declared: false, roles: ['customer'] } });
    const error = await failureOf(auth(async () => alice)(call, next));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'METHOD_NOT_DECLARED' });
    expect(next.calls).toHaveLength(0);
  });

  it('refuses everybody where the policy names no role', async () => {
    const { call } = testCall({ policy: { roles: [] } });
    const error = await failureOf(auth(async () => alice)(call, answering()));
    expect(error).toMatchObject({ reason: 'ROLE_MISSING' });
  });

  it('passes on why nobody was recognized', async () => {
    const why = new RpcError(Code.UNAUTHENTICATED, 'no', { reason: 'TOKEN_MISSING' });
    expect(await failureOf(auth(() => Promise.reject(why))(testCall().call, answering()))).toBe(why);
  });
});
