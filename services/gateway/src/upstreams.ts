import type { Service } from '@millrace/contracts';
import { Code, RpcError, tapReply } from '@millrace/rpc';
import type { Call, Interceptor, Invoke, Next } from '@millrace/rpc';
import type { Logger } from '@millrace/runtime';

/** A service behind the gateway and what it answers. */
export interface Upstream {
  /** Its name, as tokens and logs know it. */
  readonly name: string;
  readonly services: readonly Service[];
  readonly invoke: Invoke;
  close(): Promise<void>;
}

const INTERNAL: ReadonlySet<Code> = new Set([
  Code.INTERNAL,
  Code.UNKNOWN,
  Code.DATA_LOSS,
  Code.UNAUTHENTICATED,
]);

/**
 * What the world may know of a failure behind us. Our own token being refused is our fault and not the caller's, and the
 * addresses in a transport's messages are nobody's business.
 */
export function toPublicError(error: unknown, name: string): unknown {
  if (!(error instanceof RpcError)) return error;
  if (INTERNAL.has(error.code))
    return new RpcError(Code.INTERNAL, 'internal error', { retried: error.retried });
  if (error.code !== Code.UNAVAILABLE || error.reason !== 'UNAVAILABLE') return error;
  return error.with({
    message: `the ${name} service cannot be reached right now`,
    reason: 'UPSTREAM_UNAVAILABLE',
    retryDelayMs: error.retryDelayMs ?? 1000,
  });
}

/** The outermost interceptor of the calls to a service behind us: hides what is internal and logs it instead. */
export function hideInternals(name: string, logger: Logger): Interceptor {
  const hidden = (call: Call, error: unknown): unknown => {
    const shown = toPublicError(error, name);
    if (shown !== error) {
      const { code, reason, message } = error as RpcError;
      const traceId = call.context.trace?.traceId;
      logger.warn(
        { upstream: name, method: call.method.path, code, reason, message, traceId },
        'upstream failed',
      );
    }
    return shown;
  };
  return async (call, next) => {
    try {
      const reply = await next(call);
      return tapReply(reply, { ending: (error) => error && hidden(call, error) });
    } catch (error) {
      throw hidden(call, error);
    }
  };
}

/**
 * The innermost step of both doors: the call goes to the service that answers it, on behalf of the same principal, within
 * what is left of its time. No metadata that came from outside goes along.
 */
export function createForward(upstreams: readonly Upstream[]): Next {
  const byService = new Map(
    upstreams.flatMap(({ services, invoke }) => services.map(({ name }) => [name, invoke] as const)),
  );
  return async (call) => {
    const invoke = byService.get(call.method.service);
    if (!invoke) throw new RpcError(Code.UNIMPLEMENTED, `${call.method.service} is not served here`);
    return invoke(call.method, call.requests ?? call.request, { context: call.context });
  };
}
