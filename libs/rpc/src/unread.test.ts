import { expect, test } from '@jest/globals';
import { Code, onFinished, RpcError, type Interceptor } from './index.ts';
import { createRig, frame, rawCall, type RawCall } from './testing.ts';

const BAD_BYTES = frame(Buffer.from([0x0a, 0x7f, 1]));
const GOOD_BYTES = frame(Buffer.from([0x0a, 1, 0x61]));

const path = (name: string): string => `/millrace.test.v1.EchoService/${name}`;

test.each<[string, Partial<RawCall>, Code]>([
  ['bytes that are no message', { body: BAD_BYTES }, Code.INVALID_ARGUMENT],
  ['no message', { body: Buffer.alloc(0) }, Code.UNIMPLEMENTED],
  ['two messages', { body: Buffer.concat([GOOD_BYTES, GOOD_BYTES]) }, Code.UNIMPLEMENTED],
  ['half a message', { body: GOOD_BYTES.subarray(0, -1) }, Code.INVALID_ARGUMENT],
  [
    'a message and half a frame',
    { body: Buffer.concat([GOOD_BYTES, Buffer.alloc(3)]) },
    Code.INVALID_ARGUMENT,
  ],
  ['a deadline that is none', { headers: { 'grpc-timeout': 'soon' } }, Code.INVALID_ARGUMENT],
])('a call with %s goes past the interceptors, and to no handler', async (_name, sent, code) => {
  for (const name of ['Echo', 'Expand']) {
    const seen: (RpcError | undefined)[] = [];
    let handled = 0;
    const watch: Interceptor = (call, next) => onFinished(next(call), (error) => seen.push(error));
    await using rig = await createRig({
      server: [watch],
      handlers: {
        echo: () => Promise.resolve({ text: String((handled += 1)) }),
        async *expand() {
          yield { index: (handled += 1) };
        },
      },
    });
    const { headers } = await rawCall({ address: rig.address, path: path(name), ...sent });
    expect(headers['grpc-status']).toBe(String(code));
    expect(seen).toMatchObject([{ code, sent: 'refused' }]);
    expect(handled).toBe(0);
  }
});

test('a request that is refused is not read', async () => {
  const refuse: Interceptor = (call, next) => {
    const copy = call.with({ attempt: 1 });
    return copy.metadata.get('authorization')
      ? next(copy)
      : Promise.reject(new RpcError(Code.UNAUTHENTICATED, 'who are you?'));
  };
  await using rig = await createRig({ server: [refuse] });
  const { headers } = await rawCall({ address: rig.address, path: path('Echo'), body: BAD_BYTES });
  expect(headers['grpc-status']).toBe(String(Code.UNAUTHENTICATED));
});

test.each(['Collect', 'Chat'])('%s: half of the requests are not taken for all of them', async (name) => {
  const failures: unknown[] = [];
  const read = async (requests: AsyncIterable<unknown>): Promise<void> => {
    try {
      for await (const _ of requests);
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  await using rig = await createRig({
    handlers: {
      collect: async (requests) => read(requests).then(() => ({})),
      async *chat(requests) {
        await read(requests);
        yield {};
      },
    },
  });
  const body = Buffer.concat([GOOD_BYTES, GOOD_BYTES.subarray(0, -1)]);
  const { headers } = await rawCall({ address: rig.address, path: path(name), body });
  expect(headers['grpc-status']).toBe(String(Code.INVALID_ARGUMENT));
  expect(failures).toMatchObject([
    { code: Code.INVALID_ARGUMENT, message: 'the requests end inside a message' },
  ]);
});
