import { expect, it } from '@jest/globals';
import { onFinished, type Interceptor, type RpcError } from '@millrace/rpc';
import { createRig } from '@millrace/rpc/testing';
import { retry } from './retry.ts';
import { shed } from './shed.ts';

it('a call that was refused is tried again, though it may not run twice, and served when there is room', async () => {
  const gate = Promise.withResolvers<void>();
  const refusals: RpcError[] = [];
  const watch: Interceptor = (call, next) =>
    onFinished(next(call), (error) => {
      if (!error) return;
      refusals.push(error);
      gate.resolve();
    });
  let served = 0;
  await using rig = await createRig({
    // One call in flight, two where critical ones are among them, as Change is; nobody waits.
    server: [watch, shed({ maxWaitMs: 0, minimum: 1, initial: 1, maximum: 1 })],
    client: [retry()],
    handlers: {
      change: async ({ text }) => {
        await gate.promise;
        served++;
        return { text };
      },
    },
  });
  const calls = ['a', 'b', 'c'].map((text) => rig.client.change({ text }));
  expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  expect(refusals[0]).toMatchObject({ reason: 'OVERLOADED' });
  expect(served).toBe(3);
});
