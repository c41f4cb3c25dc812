import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Code } from '../index.ts';
import { createRig, frame, rawCall } from '../testing.ts';
import { BIDI, startBareServer } from '../testing/bare-grpc.ts';

/** A message, and half of another. */
const CUT = Buffer.concat([frame(Buffer.alloc(10)), frame(Buffer.alloc(10)).subarray(0, -1)]);

test('grpc-js still takes requests that end inside a message for complete (if not, libs/rpc/src/request-end.ts can go)', async () => {
  const bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('end', () => call.end()).resume();
  };
  await using bare = await startBareServer({ bidi });
  const { headers } = await rawCall({ address: bare.address, path: BIDI, body: CUT });
  expect(headers['grpc-status']).toBe(String(Code.OK));
});

test.each(['Echo', 'Collect', 'Expand', 'Chat'])('ours does not: %s', async (name) => {
  await using rig = await createRig();
  const path = `/millrace.test.v1.EchoService/${name}`;
  const body = frame(Buffer.from([0x0a, 1, 0x61]));
  for (const cut of [1, 3, body.length - 1]) {
    const { headers } = await rawCall({ address: rig.address, path, body: body.subarray(0, cut) });
    expect(headers['grpc-status']).toBe(String(Code.INVALID_ARGUMENT));
  }
});
