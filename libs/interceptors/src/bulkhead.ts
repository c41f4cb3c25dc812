import { metrics, type Meter } from '@opentelemetry/api';
import { Code, RpcError, type Call, type Interceptor } from '@millrace/rpc';
import { Compartment } from './bulkhead/compartment.ts';
import { show, type Gauge } from './gauges.ts';

/** Options of {@link bulkhead}. How many calls may be under way is said by the policies of the methods. */
export interface BulkheadOptions {
  /** Default: the global one at the time the interceptor is made. */
  readonly meter?: Meter;
}

function gauge(name: 'active' | 'queued', description: string): Gauge {
  return {
    name: `millrace.client.bulkhead.${name}`,
    description,
    attribute: 'group',
    combine: (a, b) => a + b,
  };
}

const ACTIVE = gauge('active', 'Calls under way');
const QUEUED = gauge('queued', 'Calls that wait for others to end');

const RETRY_DELAY_MS = 100;

function full({ method }: Call): RpcError {
  return new RpcError(Code.RESOURCE_EXHAUSTED, `too many calls of ${method.path.slice(1)} are under way`, {
    reason: 'BULKHEAD_FULL',
    sent: 'never',
    // Spread, so that those who are refused together do not come back together.
    retryDelayMs: Math.ceil(RETRY_DELAY_MS * (0.5 + Math.random())),
  });
}

/**
 * Client side: so many calls of a group of methods at once, by their policies; more wait in a queue, and where that is full the call
 * fails at once with RESOURCE_EXHAUSTED, reason BULKHEAD_FULL and a delay. So one slow method takes neither the memory nor the time of
 * the others. Sheddable calls do not wait. A call that is cancelled, or whose deadline passes, leaves the queue at once. Shown
 * as `millrace.client.bulkhead.active` and `.queued`.
 *
 * Not cockatiel's: a cancelled call keeps its place in that one's queue until it would be its turn, and a stream gives its place
 * back when it begins.
 */
export function bulkhead(options: BulkheadOptions = {}): Interceptor {
  const { meter = metrics.getMeter('@millrace/interceptors') } = options;
  const compartments = new Map<string, Compartment>();
  const of = (group: string): Compartment => {
    let compartment = compartments.get(group);
    if (!compartment) compartments.set(group, (compartment = new Compartment()));
    return compartment;
  };
  const each = (figure: (one: Compartment) => number) => (all: Map<string, Compartment>) =>
    [...all].map(([group, one]) => [group.replace(/^\//, ''), figure(one)] as const);
  show(meter, ACTIVE, { of: compartments, figures: each(({ active }) => active) });
  show(meter, QUEUED, { of: compartments, figures: each(({ queued }) => queued) });
  return (call, next) => {
    const { policy } = call.method;
    const compartment = of(policy.bulkhead.group);
    const criticality = call.context.criticality ?? policy.criticality;
    const place = compartment.enter(call, criticality !== 'sheddable');
    if (place === undefined) return compartment.run(call, next);
    if (place === 'full') return Promise.reject(full(call));
    return place.then(() => compartment.run(call, next));
  };
}
