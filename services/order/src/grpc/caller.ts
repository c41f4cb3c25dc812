import { Code, RpcError, type Call } from '@millrace/rpc';
import type { Caller } from '../domain/caller.ts';

/** Who calls, in the domain's words. */
export function callerOf({ context: { principal } }: Call): Caller {
  if (!principal) throw new RpcError(Code.UNAUTHENTICATED, 'the caller is not known');
  const { subject, tenant, roles } = principal;
  return { subject, tenant, trusted: roles.includes('importer') || roles.includes('admin') };
}
