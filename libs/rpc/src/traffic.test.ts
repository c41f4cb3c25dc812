import { expect, test } from '@jest/globals';
import type { Call, Interceptor } from './index.ts';
import { createRig } from './testing.ts';

/** Each four bytes on the wire, and two more where a number that is not 0 stands beside it. */
const TEXTS = ['aa', 'bb'];

test.each([
  ['unary', 4, 4],
  ['clientStream', 8, 9],
  ['serverStream', 6, 10],
  ['bidi', 8, 8],
] as const)('a %s call counts %i bytes out and %i in, on both sides', async (kind, outBytes, inBytes) => {
  const calls: Call[] = [];
  const keep: Interceptor = (call, next) => {
    calls.push(call);
    return next(call.with({}));
  };
  await using rig = await createRig({ client: [keep], server: [keep] });
  await rig.call(kind, TEXTS);
  expect(calls.map(({ traffic }) => traffic)).toEqual([
    { sentBytes: outBytes, receivedBytes: inBytes },
    { sentBytes: inBytes, receivedBytes: outBytes },
  ]);
});

test('what an attempt brings counts for its call', async () => {
  let call: Call | undefined;
  const forking: Interceptor = (one, next) => {
    call = one;
    return next(one.fork().call);
  };
  await using rig = await createRig({ client: [forking] });
  await rig.call('unary', TEXTS);
  expect(call?.traffic).toEqual({ sentBytes: 4, receivedBytes: 4 });
});
