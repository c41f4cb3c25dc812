import { asRpcError, mergeMetadata } from '@millrace/rpc';
import type { Call, Context, Interceptor, Next, Reply } from '@millrace/rpc';

/** The `authorization` that a call made in a context carries, at once where it is known. */
export type ServiceCredentials = (context: Context) => string | Promise<string>;

function unsent(error: unknown): Error {
  return asRpcError(error).with({ sent: 'never' });
}

function send(call: Call, next: Next, authorization: string): Promise<Reply> {
  return next(call.with({ metadata: mergeMetadata(call.metadata, { authorization }) }));
}

/**
 * Says to the called service on whose behalf the call is made. What came in as `authorization` is never passed on: it was
 * meant for us.
 */
export function credentials(authorize: ServiceCredentials): Interceptor {
  return (call, next) => {
    let authorization: string | Promise<string>;
    try {
      authorization = authorize(call.context);
    } catch (error) {
      return Promise.reject(unsent(error));
    }
    if (typeof authorization === 'string') return send(call, next, authorization);
    return authorization.then(
      (known) => send(call, next, known),
      (error: unknown) => Promise.reject(unsent(error)),
    );
  };
}
