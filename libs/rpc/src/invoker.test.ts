import { expect, test } from '@jest/globals';
import type { CallKind } from '@millrace/contracts';
import { createMetadata } from './metadata.ts';
import { createRig } from './testing/rig.ts';
import { Code, RpcError } from './status.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];

test.each(KINDS)('the caller of a %s call is told the headers of the reply, once', async (kind) => {
  await using rig = await createRig({
    server: [
      async (call, next) => ({ ...(await next(call)), headers: createMetadata({ 'x-from': 'cache' }) }),
    ],
  });
  const seen: (string | undefined)[] = [];
  await rig.call(kind, ['a'], { onHeaders: (headers) => void seen.push(headers.get('x-from')) });
  expect(seen).toEqual(['cache']);
});

test.each(KINDS)('and nothing of a %s call that fails before', async (kind) => {
  await using rig = await createRig({
    client: [() => Promise.reject(new RpcError(Code.UNAVAILABLE, 'down'))],
  });
  const seen: unknown[] = [];
  const call = rig.call(kind, ['a'], { onHeaders: (headers) => void seen.push(headers) });
  await expect(call).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  expect(seen).toEqual([]);
});
