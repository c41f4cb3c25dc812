import { afterEach, expect, test } from '@jest/globals';
import { createPolicyTable } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { createRig, type Rig } from './testing.ts';

let rig: Rig | undefined;
afterEach(() => rig?.close());

test('what a process says anew of a method is what its interceptors see, on both sides', async () => {
  const seen: unknown[] = [];
  const policies = createPolicyTable([EchoService], {
    'millrace.test.v1.EchoService/Echo': { deadlineMs: 123 },
  });
  rig = await createRig({
    policies,
    client: [(call, next) => (seen.push(call.method.policy.deadlineMs), next(call))],
    server: [(call, next) => (seen.push(call.method.policy.deadlineMs), next(call))],
  });
  expect(await rig.call('unary')).toEqual(['hello']);
  expect(seen).toEqual([123, 123]);
});
