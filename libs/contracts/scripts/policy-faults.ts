import { getOption, hasOption, isFieldSet, type DescMethod } from '@bufbuild/protobuf';
import { MethodOptionsSchema, MethodOptions_IdempotencyLevel as Level } from '@bufbuild/protobuf/wkt';
import { method as methodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';
import type { MethodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';
import { readPolicy } from '../src/policy.ts';
import { negativeFields } from './negative-fields.ts';

type Rule = (method: DescMethod, option: MethodPolicy) => readonly (string | false | undefined)[];

const isStream = ({ methodKind }: DescMethod): boolean => methodKind !== 'unary';
const hasRequestStream = ({ methodKind }: DescMethod): boolean =>
  methodKind === 'client_streaming' || methodKind === 'bidi_streaming';

/** Whether a time can never come, because the call is over before. */
const outlasts = (timeMs = 0, deadlineMs: number): boolean =>
  timeMs > 0 && deadlineMs > 0 && timeMs >= deadlineMs;

/** What has to be said: there is no good default for it. That a call may not be repeated is said by IDEMPOTENCY_UNKNOWN. */
const missing: Rule = (method, { deadlineMs, roles }) => {
  const { options } = method.proto;
  const isIdempotencySaid = options && isFieldSet(options, MethodOptionsSchema.field.idempotencyLevel);
  return [
    deadlineMs === 0 && 'no deadline_ms',
    !isIdempotencySaid && 'no idempotency_level',
    roles.length === 0 && 'no roles',
    roles.some((role) => role.trim() === '') && 'a role without a name',
  ];
};

const negative: Rule = (_method, option) =>
  negativeFields(option).map((field) => `${field} must not be negative`);

const repeated: Rule = (method, { deadlineMs, hedge, retry }) => [
  hedge && method.idempotency !== Level.NO_SIDE_EFFECTS && 'hedge needs NO_SIDE_EFFECTS',
  hedge && hasRequestStream(method) && 'hedge: a stream of requests cannot be sent twice',
  outlasts(hedge?.delayMs, deadlineMs) && 'hedge.delay_ms must be shorter than deadline_ms',
  (retry?.maxRetries ?? 0) > 0 &&
    hasRequestStream(method) &&
    'retry: a stream of requests cannot be sent twice',
];

const refusing: Rule = (_method, { deadlineMs, longLived, breaker, bulkhead }) => [
  ...(['windowMs', 'minimumCalls', 'openMs', 'trialCalls'] as const).map(
    (name) => breaker?.[name] === 0 && `breaker.${snake(name)} must be more than 0`,
  ),
  breaker?.failureRatio !== undefined &&
    !(breaker.failureRatio > 0 && breaker.failureRatio <= 1) &&
    'breaker.failure_ratio must be more than 0 and at most 1',
  !longLived &&
    outlasts(breaker?.slowCallMs, deadlineMs) &&
    'breaker.slow_call_ms must be shorter than deadline_ms',
  bulkhead?.maxConcurrent === 0 && 'bulkhead.max_concurrent must be more than 0',
];

const streaming: Rule = (method, { longLived, stream: said }) => {
  const { stream, deadlineMs } = readPolicy(method);
  return [
    said && !isStream(method) && 'stream: the method is no stream',
    longLived && !isStream(method) && 'long_lived: the method is no stream',
    !longLived && (said?.maxAgeMs ?? 0) > 0 && 'stream.max_age_ms is for long_lived streams',
    !longLived && (said?.heartbeatMs ?? 0) > 0 && 'stream.heartbeat_ms is for long_lived streams',
    !longLived &&
      outlasts(said?.firstMessageMs, deadlineMs) &&
      'stream.first_message_ms must be shorter than deadline_ms',
    longLived &&
      stream.heartbeatMs !== Infinity &&
      stream.heartbeatMs >= stream.idleMs &&
      'stream.heartbeat_ms must be shorter than stream.idle_ms',
    longLived &&
      stream.idleMs !== Infinity &&
      stream.idleMs >= stream.maxAgeMs &&
      'stream.idle_ms must be shorter than stream.max_age_ms',
  ];
};

const RULES: readonly Rule[] = [missing, negative, repeated, refusing, streaming];

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * What is missing from a method's policy, and what in it cannot be meant; empty when nothing is. Each is a line that names the
 * method: `shop.order.v1.OrderService/GetOrder: no deadline_ms`.
 */
export function policyFaults(method: DescMethod): readonly string[] {
  const name = `${method.parent.typeName}/${method.name}`;
  const option = getOption(method, methodPolicy);
  const faults = RULES.flatMap((rule) => rule(method, option)).filter((fault) => typeof fault === 'string');
  if (!hasOption(method, methodPolicy)) faults.unshift('no (millrace.policy.v1.method)');
  return faults.map((fault) => `${name}: ${fault}`);
}
