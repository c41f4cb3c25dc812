import { getOption, hasOption, type DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { Criticality as Proto, method as methodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';
import type { MethodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';

/** How much a call matters when not all can be served, refused first to refused last. */
export type Criticality = 'sheddable' | 'default' | 'critical' | 'essential';

/** What may be done with a call that has no answer: nothing is known, it changes nothing, twice is as good as once. */
export type Idempotency = 'unknown' | 'noSideEffects' | 'idempotent';

/** How a method may be treated: what its proto says in `millrace.policy.v1` and `idempotency_level`, defaults filled in. */
export interface Policy {
  /** Whether the proto declares a policy. A server refuses methods that have none. */
  readonly declared: boolean;
  /** The time a whole call may take; of a long-lived stream the time until its first answer. */
  readonly deadlineMs: number;
  /** Any one of them may call. */
  readonly roles: readonly string[];
  readonly criticality: Criticality;
  readonly idempotency: Idempotency;
  /** The stream has no end of its own: a watch. */
  readonly longLived: boolean;
  readonly retry: RetryPolicy;
  readonly hedge: HedgePolicy;
  readonly breaker: BreakerPolicy;
  readonly bulkhead: BulkheadPolicy;
  readonly stream: StreamPolicy;
  /** Longer messages are compressed by gzip. Infinity: none. */
  readonly compressAboveBytes: number;
}

/** Second attempts, after a failure. */
export interface RetryPolicy {
  /** Retries, not attempts. */
  readonly maxRetries: number;
}

/** A second attempt beside a slow first one. */
export interface HedgePolicy {
  readonly enabled: boolean;
  /** 0: after the 95th percentile that the client has seen. */
  readonly delayMs: number;
}

/** When a circuit opens and closes. */
export interface BreakerPolicy {
  /** Share of failures that opens it. */
  readonly failureRatio: number;
  /** Over what time they are counted. */
  readonly windowMs: number;
  /** Fewer calls than this in the window never open it. */
  readonly minimumCalls: number;
  /** How long it stays open. */
  readonly openMs: number;
  /** How many calls are let through to try. */
  readonly trialCalls: number;
  /** A call that takes longer counts as a failure. Infinity: none. */
  readonly slowCallMs: number;
}

/** How many calls one client may have under way. */
export interface BulkheadPolicy {
  /** Methods of one group share a bulkhead. By default the method's path. */
  readonly group: string;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
}

/** The times of a stream, beside its deadline. Infinity: no limit. */
export interface StreamPolicy {
  readonly firstMessageMs: number;
  /** How long a sender may send nothing and a reader take nothing. */
  readonly idleMs: number;
  /** How old a long-lived stream may get, a tenth more or less. */
  readonly maxAgeMs: number;
  /** How often a long-lived stream without news says that it lives. */
  readonly heartbeatMs: number;
}

const CRITICALITIES: Readonly<Record<Proto, Criticality>> = {
  [Proto.UNSPECIFIED]: 'default',
  [Proto.SHEDDABLE]: 'sheddable',
  [Proto.DEFAULT]: 'default',
  [Proto.CRITICAL]: 'critical',
  [Proto.ESSENTIAL]: 'essential',
};

const IDEMPOTENCIES: Readonly<Record<Level, Idempotency>> = {
  [Level.IDEMPOTENCY_UNKNOWN]: 'unknown',
  [Level.NO_SIDE_EFFECTS]: 'noSideEffects',
  [Level.IDEMPOTENT]: 'idempotent',
};

/** What a method without a policy of its own gets; a server refuses it all the same. */
const UNDECLARED_DEADLINE_MS = 2_000;

/** Reads a method's policy: from its options, or from another option in their place. */
export function readPolicy(method: DescMethod, option = getOption(method, methodPolicy)): Policy {
  const { deadlineMs, roles, criticality, longLived, compressAboveBytes } = option;
  const idempotency = IDEMPOTENCIES[method.idempotency];
  return Object.freeze({
    declared: hasOption(method, methodPolicy),
    deadlineMs: deadlineMs > 0 ? deadlineMs : UNDECLARED_DEADLINE_MS,
    roles: Object.freeze([...roles]),
    criticality: CRITICALITIES[criticality],
    idempotency,
    longLived,
    retry: Object.freeze({ maxRetries: option.retry?.maxRetries ?? 2 }),
    hedge: Object.freeze({
      enabled: option.hedge !== undefined && idempotency === 'noSideEffects',
      delayMs: option.hedge?.delayMs ?? 0,
    }),
    breaker: readBreaker(option),
    bulkhead: Object.freeze({
      group: option.bulkhead?.group || `/${method.parent.typeName}/${method.name}`,
      maxConcurrent: option.bulkhead?.maxConcurrent ?? 512,
      maxQueued: option.bulkhead?.maxQueued ?? 512,
    }),
    stream: readStream(option),
    compressAboveBytes: orNever(compressAboveBytes ?? 0),
  });
}

/** 0 stands for never. */
function orNever(value: number): number {
  return value > 0 ? value : Infinity;
}

function readBreaker({ breaker }: MethodPolicy): BreakerPolicy {
  return Object.freeze({
    failureRatio: breaker?.failureRatio ?? 0.5,
    windowMs: breaker?.windowMs ?? 10_000,
    minimumCalls: breaker?.minimumCalls ?? 20,
    openMs: breaker?.openMs ?? 1_000,
    trialCalls: breaker?.trialCalls ?? 10,
    slowCallMs: orNever(breaker?.slowCallMs ?? 0),
  });
}

function readStream({ stream }: MethodPolicy): StreamPolicy {
  return Object.freeze({
    firstMessageMs: orNever(stream?.firstMessageMs ?? 0),
    idleMs: orNever(stream?.idleMs ?? 60_000),
    maxAgeMs: orNever(stream?.maxAgeMs ?? 1_800_000),
    heartbeatMs: orNever(stream?.heartbeatMs ?? 15_000),
  });
}
