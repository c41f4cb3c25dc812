import type { Call, Principal } from '@millrace/rpc';

const principals = new WeakMap<object, Principal>();

/** Lets interceptors outside of auth know who called: they hold copies of the call made before auth. */
export function rememberPrincipal(call: Call, principal: Principal): void {
  principals.set(call.identity, principal);
}

/** Who called, once auth knows; for logs only. */
export function principalOf(call: Call): Principal | undefined {
  return principals.get(call.identity);
}
