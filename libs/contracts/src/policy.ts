import { getOption, hasOption, type DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { Criticality as Proto, method as methodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';

/** How much a call matters when not all can be served, refused first to refused last. */
export type Criticality = 'sheddable' | 'default' | 'critical' | 'essential';

/** What may be done with a call that has no answer: nothing is known, it changes nothing, twice is as good as once. */
export type Idempotency = 'unknown' | 'noSideEffects' | 'idempotent';

/** How a method may be treated: what its proto says in `millrace.policy.v1` and `idempotency_level`. */
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

/** Reads a method's policy from its options. */
export function readPolicy(method: DescMethod): Policy {
  const declared = hasOption(method, methodPolicy);
  const { deadlineMs, roles, criticality, longLived } = getOption(method, methodPolicy);
  return Object.freeze({
    declared,
    deadlineMs: deadlineMs > 0 ? deadlineMs : UNDECLARED_DEADLINE_MS,
    roles: Object.freeze([...roles]),
    criticality: CRITICALITIES[criticality],
    idempotency: IDEMPOTENCIES[method.idempotency],
    longLived,
  });
}
