import { asRpcError, mergeMetadata, type Context, type Interceptor } from '@millrace/rpc';

/** The `authorization` that a call made in a context carries. */
export type ServiceCredentials = (context: Context) => Promise<string>;

/**
 * Says to the called service on whose behalf the call is made. What came in as `authorization` is never passed on: it was
 * meant for us.
 */
export function credentials(authorize: ServiceCredentials): Interceptor {
  return async (call, next) => {
    const authorization = await authorize(call.context).catch((error: unknown) => {
      throw asRpcError(error).with({ sent: 'never' });
    });
    return next(call.with({ metadata: mergeMetadata(call.metadata, { authorization }) }));
  };
}
