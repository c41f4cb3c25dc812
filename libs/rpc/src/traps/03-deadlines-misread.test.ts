import type { handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Code, type Interceptor } from '../index.ts';
import { createRig, rawCall } from '../testing.ts';
import { startBareServer, UNARY } from '../testing/bare-grpc.ts';

const ECHO = '/millrace.test.v1.EchoService/Echo';

async function statusOf(address: string, path: string, timeout: string): Promise<number> {
  const { headers } = await rawCall({ address, path, headers: { 'grpc-timeout': timeout } });
  return Number(headers['grpc-status']);
}

test('grpc-js still misreads deadlines (if not, prepareHeaders in libs/rpc/src/wire.ts can go)', async () => {
  const unary: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
    // After the timers that are due.
    setTimeout(() => callback(null, Buffer.alloc(0)), 20);
  };
  await using bare = await startBareServer({ unary });
  // 25 days are more than setTimeout can wait.
  expect(await statusOf(bare.address, UNARY, '600H')).toBe(Code.DEADLINE_EXCEEDED);
  expect(await statusOf(bare.address, UNARY, '-1S')).toBe(Code.OK);
});

test.each([
  ['600H', Code.OK],
  ['99999999H', Code.OK],
  ['1S', Code.OK],
  ['-1S', Code.INVALID_ARGUMENT],
  ['1', Code.INVALID_ARGUMENT],
  ['', Code.INVALID_ARGUMENT],
  ['123456789S', Code.INVALID_ARGUMENT],
])('ours reads %j as it is written: status %d', async (timeout, code) => {
  await using rig = await createRig();
  expect(await statusOf(rig.address, ECHO, timeout)).toBe(code);
});

test('ours tells handlers how long the caller waits, for ever where it does not say', async () => {
  const leftMs: number[] = [];
  const look: Interceptor = (call, next) => {
    leftMs.push(call.deadlineMs - performance.now());
    return next(call);
  };
  await using rig = await createRig({ server: [look] });
  await statusOf(rig.address, ECHO, '600H');
  await rawCall({ address: rig.address, path: ECHO });
  expect(leftMs[0]).toBeGreaterThan(599.9 * 3_600_000);
  expect(leftMs[1]).toBe(Infinity);
});
