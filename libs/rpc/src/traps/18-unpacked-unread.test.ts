import { createGunzip, gzipSync } from 'node:zlib';
import { setImmediate } from 'node:timers/promises';
import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Code, RpcError } from '../index.ts';
import { createRig, openRawConnection, rawCall } from '../testing.ts';
import { BIDI, startBareServer } from '../testing/bare-grpc.ts';

const Gunzip = createGunzip().constructor as unknown as { prototype: ReturnType<typeof createGunzip> };
const MEBIBYTE = 1024 * 1024;
const headers = { 'grpc-encoding': 'gzip' };

function packed(bytes: number, flag = 1): Buffer {
  const message = gzipSync(Buffer.alloc(bytes));
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** 12 messages of 4 MiB in 50 KB. */
const BODY = Buffer.concat(Array.from({ length: 12 }, () => packed(4 * MEBIBYTE - 1)));

afterEach(() => void jest.restoreAllMocks());

test('grpc-js still unpacks messages that nobody has asked for (if not, libs/rpc/src/unpack.ts can go)', async () => {
  // It asks for one.
  const bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) =>
    void call.on('error', () => undefined).read(0);
  await using bare = await startBareServer({ bidi });
  const unpacking = jest.spyOn(Gunzip.prototype, 'write');
  const connection = openRawConnection(bare.address);
  const answer = connection.call({ path: BIDI, headers, body: BODY });
  // As many as one read of the socket brings.
  while (unpacking.mock.calls.length < 2) await setImmediate();
  connection.close();
  await answer;
});

test.each(['Echo', 'Collect', 'Expand', 'Chat'])(
  'ours does not, of a %s call that is refused',
  async (name) => {
    await using rig = await createRig({
      server: [
        async () => {
          await setImmediate();
          throw new RpcError(Code.UNAUTHENTICATED, 'who are you?');
        },
      ],
    });
    const unpacking = jest.spyOn(Gunzip.prototype, 'write');
    const path = `/millrace.test.v1.EchoService/${name}`;
    const { headers: answer } = await rawCall({ address: rig.address, path, headers, body: BODY });
    expect(answer['grpc-status']).toBe(String(Code.UNAUTHENTICATED));
    expect(unpacking).not.toHaveBeenCalled();
  },
);

test.each([
  ['a message that is too long', 'gzip', packed(4 * MEBIBYTE + 1), Code.RESOURCE_EXHAUSTED],
  ['64 MiB', 'gzip', packed(64 * MEBIBYTE), Code.RESOURCE_EXHAUSTED],
  ['what is no gzip', 'gzip', Buffer.from([1, 0, 0, 0, 1, 7]), Code.INVALID_ARGUMENT],
  ['what is no deflate', 'deflate', packed(10), Code.INVALID_ARGUMENT],
  ['an encoding that nobody knows', 'br', packed(10), Code.UNIMPLEMENTED],
  ['a name out of the prototype', '__proto__', packed(10), Code.UNIMPLEMENTED],
  ['a message that is packed by gzip', 'gzip', packed(0), Code.OK],
  ['a message that is not packed, where some are', 'gzip', Buffer.alloc(5), Code.OK],
])('ours reads %s itself', async (_name, encoding, body, code) => {
  await using rig = await createRig();
  for (const name of ['Echo', 'Collect', 'Expand', 'Chat']) {
    const path = `/millrace.test.v1.EchoService/${name}`;
    const answer = await rawCall({
      address: rig.address,
      path,
      headers: { 'grpc-encoding': encoding },
      body,
    });
    expect(answer.headers['grpc-status']).toBe(String(code));
  }
});
