import { Code, RpcError } from '@millrace/rpc';
import type { Call, Interceptor, Next, PeerIdentity, Principal, Reply } from '@millrace/rpc';

/**
 * Says on whose behalf a call comes, from its `authorization` metadata and from the verified certificate of the other end, whichever there
 * is. Fails with UNAUTHENTICATED and a reason.
 */
export type Authenticate = (
  authorization: string | undefined,
  peer?: PeerIdentity,
) => Principal | Promise<Principal>;

function denied(reason: string, message: string): RpcError {
  return new RpcError(Code.PERMISSION_DENIED, message, { reason, sent: 'refused' });
}

function admit(call: Call, next: Next, principal: Principal): Promise<Reply> {
  const { roles } = call.method.policy;
  call.caller = principal;
  if (!principal.roles.some((role) => roles.includes(role))) {
    throw denied('ROLE_MISSING', `the method needs one of the roles ${roles.join(', ')}`);
  }
  return next(call.with({ context: call.context.with({ principal }) }));
}

/**
 * Lets a call pass when its caller has one of the roles that its proto names, and tells the handler who that is. A method
 * without a policy is refused: nobody thought about who may call it.
 *
 * Reasons of PERMISSION_DENIED: METHOD_NOT_DECLARED, ROLE_MISSING.
 */
export function auth(authenticate: Authenticate): Interceptor {
  return (call, next) => {
    if (!call.method.policy.declared) {
      throw denied('METHOD_NOT_DECLARED', 'the method declares no policy');
    }
    const principal = authenticate(call.metadata.get('authorization'), call.peerIdentity);
    // A token that is known costs no turn of the event loop.
    return 'then' in principal
      ? principal.then((known) => admit(call, next, known))
      : admit(call, next, principal);
  };
}
