import { Code, type Call, type RpcError } from '@millrace/rpc';

/** Who is asked to come back later than this does not wait within a call. */
const LONGEST_DELAY_MS = 60_000;

/** Whether a second attempt could succeed where this one failed: the server was not there, or names a time to come back. */
function isPassing({ code, retryDelayMs }: RpcError): boolean {
  // A negative delay asks not to come back. What is no delay at all must not be taken for none.
  if (retryDelayMs !== undefined && !(retryDelayMs >= 0 && retryDelayMs <= LONGEST_DELAY_MS)) return false;
  if (code === Code.UNAVAILABLE) return true;
  return (code === Code.ABORTED || code === Code.RESOURCE_EXHAUSTED) && retryDelayMs !== undefined;
}

/** Whether a second attempt can do no harm: the proto says so, or the first never began. */
function isHarmless(call: Call, { sent }: RpcError): boolean {
  return call.method.policy.idempotency !== 'unknown' || sent !== 'maybe';
}

/** Whether the failure may be tried again, and by us: nobody further down has tried, and nobody further up is trying. */
export function isRetryable(call: Call, error: RpcError): boolean {
  if (call.requests || call.cancelled || call.context.isRetry || error.retried) return false;
  return isPassing(error) && isHarmless(call, error);
}
