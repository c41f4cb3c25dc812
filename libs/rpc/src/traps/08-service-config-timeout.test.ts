import type { handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Code } from '../index.ts';
import { createRig } from '../testing.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

test('grpc-js still misreads the timeouts of a service config (if not, grpc.service_config_disable_resolution in libs/rpc/src/limits.ts need not be for their sake)', async () => {
  const toldMs: number[] = [];
  const unary: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    toldMs.push(Number(call.getDeadline()) - Date.now());
    callback(null, Buffer.alloc(0));
  };
  await using server = await startBareServer({ unary });
  const callWithin = async (timeout: string) => {
    const config = { methodConfig: [{ name: [{ service: 'bare.Service' }], timeout }] };
    using client = createBareGrpcClient(server.address, { 'grpc.service_config': JSON.stringify(config) });
    return await client.call();
  };
  await expect(callWithin('0.5s')).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await callWithin('1.5s');
  await callWithin('1.500000000s');
  const [short = 0, right = 0] = toldMs;
  expect(short).toBeLessThanOrEqual(1_000);
  expect(right).toBeGreaterThan(1_000);
});

test.each([500, 1_500])('ours gives a call the %d ms it was given', async (timeoutMs) => {
  let toldMs = 0;
  await using rig = await createRig({
    handlers: {
      echo: (_request, { deadlineMs }) => {
        toldMs = deadlineMs - performance.now();
        return Promise.resolve({});
      },
    },
  });
  await rig.call('unary', [''], { timeoutMs });
  expect(toldMs).toBeLessThanOrEqual(timeoutMs);
  expect(toldMs).toBeGreaterThan(timeoutMs - 400);
});
