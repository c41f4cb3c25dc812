import { mergeMetadata, type Call, type Interceptor, type Next, type Reply } from '@millrace/rpc';
import type { Criticality } from '@millrace/contracts';

/** Says to the next hop that somebody is trying again already, or, by the value `hedged`, may do so beside this attempt. */
export const RETRY_KEY = 'millrace-retry';
const HEDGED = 'hedged';

/** Says to the next hop how much the request at hand matters. */
export const CRITICALITY_KEY = 'millrace-criticality';

const CRITICALITIES: ReadonlySet<string> = new Set<Criticality>([
  'sheddable',
  'default',
  'critical',
  'essential',
]);

function isCriticality(text: string | undefined): text is Criticality {
  return text !== undefined && CRITICALITIES.has(text);
}

function send(call: Call, next: Next): Promise<Reply> {
  const { isRetry, isHedged, criticality } = call.context;
  const mark = isRetry || call.attempt > 0 ? '1' : isHedged ? HEDGED : undefined;
  if (mark === undefined && criticality === undefined) return next(call);
  const marks = { [RETRY_KEY]: mark, [CRITICALITY_KEY]: criticality };
  return next(call.with({ metadata: mergeMetadata(call.metadata, marks) }));
}

function receive(call: Call, next: Next): Promise<Reply> {
  const { metadata, context, method } = call;
  const mark = metadata.get(RETRY_KEY);
  const isHedged = mark === HEDGED;
  const isRetry = mark !== undefined && !isHedged;
  const said = context.principal?.actor === undefined ? undefined : metadata.get(CRITICALITY_KEY);
  const criticality = isCriticality(said) ? said : method.policy.criticality;
  return next(call.with({ context: context.with({ isRetry, isHedged, criticality }) }));
}

/**
 * What crosses hops by itself, beside deadline, cancellation, trace and principal: that somebody upstream is trying again, so that nobody
 * further down does, or may hedge, so that nobody further down hedges; and how much the request matters that all this is for. For both sides; on the server behind auth.
 *
 * How much it matters is believed of services only. Of anybody else, and where nothing is said, it is what the method's proto says.
 */
export function propagation(): Interceptor {
  return (call, next) => (call.side === 'client' ? send(call, next) : receive(call, next));
}
