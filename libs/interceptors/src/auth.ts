import { Code, RpcError, type Interceptor, type Principal } from '@millrace/rpc';
import { rememberPrincipal } from './call-principal.ts';

/** Says on whose behalf a call comes, from its `authorization` metadata. Rejects with UNAUTHENTICATED and a reason. */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>;

/** For a server that was not told whom to believe. */
export const nobody: Authenticate = () => {
  const init = { reason: 'NO_AUTHENTICATOR', sent: 'refused' } as const;
  return Promise.reject(new RpcError(Code.UNAUTHENTICATED, 'this server knows no callers', init));
};

function denied(reason: string, message: string): RpcError {
  return new RpcError(Code.PERMISSION_DENIED, message, { reason, sent: 'refused' });
}

/**
 * Lets a call pass when its caller has one of the roles that its proto names, and tells the handler who that is. A method
 * without a policy is refused: nobody thought about who may call it.
 *
 * Reasons of PERMISSION_DENIED: METHOD_NOT_DECLARED, ROLE_MISSING.
 */
export function auth(authenticate: Authenticate): Interceptor {
  return async (call, next) => {
    const { declared, roles } = call.method.policy;
    if (!declared) throw denied('METHOD_NOT_DECLARED', 'the method declares no policy');
    const principal = await authenticate(call.metadata.get('authorization'));
    rememberPrincipal(call, principal);
    if (!principal.roles.some((role) => roles.includes(role))) {
      throw denied('ROLE_MISSING', `the method needs one of the roles ${roles.join(', ')}`);
    }
    return next(call.with({ context: call.context.with({ principal }) }));
  };
}
