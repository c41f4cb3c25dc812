import { metrics, trace, type Meter } from '@opentelemetry/api';
import { Code, RpcError, type Call, type Interceptor, type Next, type Reply } from '@millrace/rpc';
import { show, type Gauge } from './gauges.ts';
import { Admission, type Shortage } from './shed/admission.ts';
import { systemLoop, type EventLoop } from './shed/event-loop.ts';
import { LatencyBook } from './shed/latency-book.ts';
import { Limit, type LimitOptions } from './shed/limit.ts';

/** Options of {@link shed}. */
export interface ShedOptions extends LimitOptions {
  /**
   * How long a call may wait for its turn, in ms. Default 250. Sheddable calls wait for a quarter of it, critical ones for ten times
   * as long, essential ones for a hundred times; none for longer than its deadline.
   */
  readonly maxWaitMs?: number;
  /** The server's name, on its figures. Default `server`. */
  readonly server?: string;
  /** Default: the global one at the time the interceptor is made; start telemetry first. */
  readonly meter?: Meter;
  readonly loop?: EventLoop;
}

const LIMIT: Gauge = {
  name: 'millrace.server.limit',
  description: 'Calls that may be in flight',
  attribute: 'server',
  combine: (a, b) => a + b,
};

const DELAYS = 16;

/**
 * Made once, because a server that is overloaded has better things to do than to write down stacks. With different delays, so that
 * those who are refused together do not come back together.
 */
function createRefusals(maxWaitMs: number): readonly RpcError[] {
  return Array.from({ length: DELAYS }, (_, index) => {
    const retryDelayMs = Math.ceil(maxWaitMs * (0.5 + index / DELAYS));
    const init = { reason: 'OVERLOADED', sent: 'refused', retryDelayMs } as const;
    return new RpcError(Code.RESOURCE_EXHAUSTED, 'the server is overloaded', init);
  });
}

/**
 * Server side: keeps the server working when more is asked of it than it can do. Calls wait for a moment while the event loop is busy
 * or too many are in flight, critical ones first; who would wait too long is refused at once, before any work, with
 * RESOURCE_EXHAUSTED, reason OVERLOADED and a delay after which to try again. How many may be in flight is learned.
 *
 * Streams wait and are refused when they open; they are not counted in flight. A call that is cancelled or runs out of time while
 * it waits is never begun.
 */
export function shed(options: ShedOptions = {}): Interceptor {
  const { maxWaitMs = 250, server = 'server', loop = systemLoop } = options;
  const { meter = metrics.getMeter('@millrace/interceptors') } = options;
  const limit = new Limit(new LatencyBook(), options);
  const admission = new Admission(loop, limit, maxWaitMs);
  const refusals = meter.createCounter('millrace.server.shed', { description: 'Calls refused by overload' });
  show(meter, LIMIT, { of: limit, figures: ({ value }) => [[server, Math.floor(value)]] });

  const errors = createRefusals(maxWaitMs);
  let refused = 0;
  const refuse = ({ method }: Call, why: Shortage): RpcError => {
    const { criticality } = method.policy;
    refusals.add(1, { 'rpc.method': method.path.slice(1), criticality, reason: why });
    trace.getActiveSpan()?.addEvent('shed', { criticality, reason: why });
    return errors[refused++ % errors.length] as RpcError;
  };
  const serve = async (call: Call, next: Next): Promise<Reply> => {
    const startMs = loop.now();
    const { path } = call.method;
    try {
      const reply = await next(call);
      limit.took(path, startMs, loop.now());
      return reply;
    } catch (error) {
      // Other failures say nothing about load: they may be quick, or somebody else's.
      const late =
        error instanceof RpcError && error.code === Code.DEADLINE_EXCEEDED && error.sent === 'maybe';
      if (late) limit.took(path, startMs, loop.now());
      throw error;
    } finally {
      admission.leave();
    }
  };
  const begin = (call: Call, next: Next) => (call.kind === 'unary' ? serve(call, next) : next(call));
  return (call, next) => {
    const place = admission.enter(call, loop.now());
    if (place === undefined) return begin(call, next);
    if (typeof place === 'string') return Promise.reject(refuse(call, place));
    return place.then(() => begin(call, next));
  };
}
