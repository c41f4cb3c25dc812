import {
  Code,
  onFinished,
  RpcError,
  type Call,
  type Interceptor,
  type Next,
  type Reply,
} from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import { Execution, type Ending } from './idempotency/execution.ts';
import { keyOf, scopeOf } from './idempotency/key.ts';

/** Options of {@link idempotency}. */
export interface IdempotencyOptions {
  /** What runs now, by scope and key. Given by tests that look for leaks. */
  readonly executions?: Map<string, Execution>;
  readonly clock?: Clock;
}

function reused({ method }: Call): RpcError {
  const message = `the idempotency key is in use for another ${method.name} request`;
  return new RpcError(Code.ALREADY_EXISTS, message, { reason: 'IDEMPOTENCY_KEY_REUSED', sent: 'refused' });
}

/** How it ended, or the reason why this caller waits no more. */
function endingFor(call: Call, { ending }: Execution): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const undo = call.onCancel(reject);
    void ending.then((end) => {
      undo();
      resolve(end);
    });
  });
}

/**
 * Server side, for methods that are IDEMPOTENT and whose requests have a string field `idempotency_key`: parallel duplicates run once.
 * A call with the method, tenant, caller, key and request of one that is under way gets that one's reply or failure; with
 * another request it is refused with ALREADY_EXISTS, reason IDEMPOTENCY_KEY_REUSED. Each waits no longer than its own deadline. When
 * the one that runs is cancelled or runs out of time, one of those that wait runs in its place.
 *
 * Nothing is remembered of what is over: that is for the transaction that writes the key with its effect.
 */
export function idempotency(options: IdempotencyOptions = {}): Interceptor {
  const { executions = new Map<string, Execution>(), clock = systemClock } = options;
  const run = (scope: string, call: Call, next: Next): Promise<Reply> => {
    const execution = new Execution(call, next(call), clock);
    executions.set(scope, execution);
    const forget = (): void => {
      if (executions.get(scope) === execution) executions.delete(scope);
    };
    return onFinished(execution.reply, forget);
  };
  const join = async (scope: string, call: Call, next: Next): Promise<Reply> => {
    for (;;) {
      const execution = executions.get(scope);
      if (!execution || execution.isAbandoned) return run(scope, call, next);
      if (!execution.isOf(call.request)) throw reused(call);
      const ending = await endingFor(call, execution);
      if (ending && 'error' in ending) throw ending.error;
      if (ending) return { ...ending.reply };
    }
  };
  return (call, next) => {
    const key = keyOf(call);
    if (key === undefined) return next(call);
    const scope = scopeOf(call, key);
    return executions.has(scope) ? join(scope, call, next) : run(scope, call, next);
  };
}
