import { setTimeout as delay } from 'node:timers/promises';
import { Code, codeName, RpcError } from '@millrace/rpc';

/** Asking again with the same key is safe and may help. */
const PASSING: ReadonlySet<Code> = new Set([
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.ABORTED,
  Code.RESOURCE_EXHAUSTED,
  Code.CANCELLED,
]);

export interface Patience {
  /** From the first attempt to the last. Default 60,000. */
  patienceMs?: number;
  onRetry?(error: RpcError): void;
}

/** Tries until there is an answer, or an error that will not pass. A client that stays calm while a service is restarted. */
export async function patiently<T>(
  attempt: (number: number) => Promise<T>,
  { patienceMs = 60_000, onRetry }: Patience = {},
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let number = 0; ; number += 1) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!(error instanceof RpcError) || !PASSING.has(error.code)) throw error;
      if (performance.now() > until)
        throw error.with({
          message: `no answer within ${patienceMs / 1000} s; at last ${codeName(error.code)}: ${error.message}`,
        });
      onRetry?.(error);
      const backoffMs = Math.min(1_000, 50 * 2 ** Math.min(number, 10));
      await delay(error.retryDelayMs ?? backoffMs * (0.5 + Math.random()));
    }
  }
}
