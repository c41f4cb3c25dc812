import {
  create,
  createFileRegistry,
  setExtension,
  type DescMethod,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel as Level,
  MethodOptionsSchema,
  type MethodDescriptorProto,
  MethodDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from '@jest/globals';
import { method as methodPolicy, MethodPolicySchema } from '../gen/millrace/policy/v1/policy_pb.js';
import { allServices } from './all-services.ts';
import { policyFaults } from './policy-faults.ts';

interface Planted {
  readonly policy?: MessageInitShape<typeof MethodPolicySchema>;
  readonly idempotency?: Level;
  readonly streams?: 'in' | 'out';
}

function methodProto({ policy, idempotency, streams }: Planted): MethodDescriptorProto {
  const options = create(
    MethodOptionsSchema,
    idempotency === undefined ? {} : { idempotencyLevel: idempotency },
  );
  if (policy) setExtension(options, methodPolicy, create(MethodPolicySchema, policy));
  return create(MethodDescriptorProtoSchema, {
    name: 'Bad',
    inputType: '.test.Empty',
    outputType: '.test.Empty',
    clientStreaming: streams === 'in',
    serverStreaming: streams === 'out',
    options,
  });
}

/** A method as the generated code would describe it. */
function planted(given: Planted): DescMethod {
  const file = create(FileDescriptorProtoSchema, {
    name: 'test.proto',
    package: 'test',
    syntax: 'proto3',
    messageType: [{ name: 'Empty' }],
    service: [{ name: 'Service', method: [methodProto(given)] }],
  });
  const service = createFileRegistry(file, () => undefined).getService('test.Service');
  const [method] = service?.methods ?? [];
  if (!method) throw new Error('no method was made');
  return method;
}

const READ = Level.NO_SIDE_EFFECTS;
const GOOD = { deadlineMs: 1_000, roles: ['customer'] };
const WATCH = { ...GOOD, longLived: true };

const faultsOf = (given: Planted): readonly string[] =>
  policyFaults(planted(given)).map((fault) => fault.replace('test.Service/Bad: ', ''));

test('every method of the contract says how it may be treated', async () => {
  const services = (await allServices()).filter(({ typeName }) => typeName.startsWith('shop.'));
  expect(services.length).toBeGreaterThan(2);
  expect(services.flatMap(({ methods }) => methods.flatMap(policyFaults))).toEqual([]);
});

test('the method that declares nothing is found, by name', async () => {
  const echo = (await allServices()).find(({ typeName }) => typeName === 'millrace.test.v1.EchoService');
  expect(echo?.methods.flatMap(policyFaults)).toContain(
    'millrace.test.v1.EchoService/Undeclared: no (millrace.policy.v1.method)',
  );
});

describe('a method is refused', () => {
  test.each<[string, Planted, readonly string[]]>([
    [
      'that says nothing',
      {},
      ['no (millrace.policy.v1.method)', 'no deadline_ms', 'no idempotency_level', 'no roles'],
    ],
    ['without a deadline', { policy: { roles: ['a'] }, idempotency: READ }, ['no deadline_ms']],
    ['without roles', { policy: { deadlineMs: 1 }, idempotency: READ }, ['no roles']],
    ['without an idempotency level', { policy: GOOD }, ['no idempotency_level']],
    [
      'with a role that is blank',
      { policy: { ...GOOD, roles: ['a', ' '] }, idempotency: READ },
      ['a role without a name'],
    ],
    [
      'with a deadline below zero',
      { policy: { ...GOOD, deadlineMs: -1 }, idempotency: READ },
      ['deadline_ms must not be negative'],
    ],
    [
      'with a number below zero further down',
      { policy: { ...GOOD, retry: { maxRetries: -2 }, bulkhead: { maxQueued: -1 } }, idempotency: READ },
      ['retry.max_retries must not be negative', 'bulkhead.max_queued must not be negative'],
    ],
    [
      'that hedges what has effects',
      { policy: { ...GOOD, hedge: {} }, idempotency: Level.IDEMPOTENT },
      ['hedge needs NO_SIDE_EFFECTS'],
    ],
    [
      'that hedges after its deadline',
      { policy: { ...GOOD, hedge: { delayMs: 1_000 } }, idempotency: READ },
      ['hedge.delay_ms must be shorter than deadline_ms'],
    ],
    [
      'that repeats a stream of requests',
      { policy: { ...GOOD, hedge: {}, retry: { maxRetries: 1 } }, idempotency: READ, streams: 'in' },
      [
        'hedge: a stream of requests cannot be sent twice',
        'retry: a stream of requests cannot be sent twice',
      ],
    ],
    [
      'whose circuit can never be meant',
      {
        policy: {
          ...GOOD,
          breaker: {
            failureRatio: 1.5,
            windowMs: 0,
            minimumCalls: 0,
            openMs: 0,
            trialCalls: 0,
            slowCallMs: 1_000,
          },
          bulkhead: { maxConcurrent: 0 },
        },
        idempotency: READ,
      },
      [
        'breaker.window_ms must be more than 0',
        'breaker.minimum_calls must be more than 0',
        'breaker.open_ms must be more than 0',
        'breaker.trial_calls must be more than 0',
        'breaker.failure_ratio must be more than 0 and at most 1',
        'breaker.slow_call_ms must be shorter than deadline_ms',
        'bulkhead.max_concurrent must be more than 0',
      ],
    ],
    [
      'that is unary and has times of a stream',
      { policy: { ...WATCH, stream: { idleMs: 5_000 } }, idempotency: READ },
      [
        'stream: the method is no stream',
        'long_lived: the method is no stream',
        'stream.heartbeat_ms must be shorter than stream.idle_ms',
      ],
    ],
    [
      'that is a short stream with the times of a long one',
      {
        policy: { ...GOOD, stream: { maxAgeMs: 1, heartbeatMs: 1, firstMessageMs: 1_000 } },
        idempotency: READ,
        streams: 'out',
      },
      [
        'stream.max_age_ms is for long_lived streams',
        'stream.heartbeat_ms is for long_lived streams',
        'stream.first_message_ms must be shorter than deadline_ms',
      ],
    ],
    [
      'whose stream is older than it may stand still',
      { policy: { ...WATCH, stream: { maxAgeMs: 30_000 } }, idempotency: READ, streams: 'out' },
      ['stream.idle_ms must be shorter than stream.max_age_ms'],
    ],
  ])('%s', (_name, given, faults) => {
    expect(faultsOf(given)).toEqual(faults);
  });
});

describe('a method passes', () => {
  test.each<[string, Planted]>([
    ['with what must be said', { policy: GOOD, idempotency: READ }],
    ['that says that it may not be repeated', { policy: GOOD, idempotency: Level.IDEMPOTENCY_UNKNOWN }],
    ['that hedges a read', { policy: { ...GOOD, hedge: { delayMs: 100 } }, idempotency: READ }],
    ['that watches', { policy: WATCH, idempotency: READ, streams: 'out' }],
    [
      'that switches times off',
      {
        policy: { ...WATCH, stream: { idleMs: 0, maxAgeMs: 0, heartbeatMs: 0 } },
        idempotency: READ,
        streams: 'out',
      },
    ],
    ['without retries', { policy: { ...GOOD, retry: { maxRetries: 0 } }, idempotency: READ, streams: 'in' }],
  ])('%s', (_name, given) => {
    expect(faultsOf(given)).toEqual([]);
  });
});
