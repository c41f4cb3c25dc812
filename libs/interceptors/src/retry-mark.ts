import type { Interceptor } from '@millrace/rpc';

/** Says to the next hop that somebody is trying again already. */
export const RETRY_KEY = 'millrace-retry';

/** Server side: what is done for a call that is a second attempt makes no second attempts of its own. */
export function retryMark(): Interceptor {
  return (call, next) =>
    call.metadata.get(RETRY_KEY) === undefined
      ? next(call)
      : next(call.with({ context: call.context.with({ isRetry: true }) }));
}
