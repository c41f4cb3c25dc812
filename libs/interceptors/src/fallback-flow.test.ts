import { expect, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { createRig } from '@millrace/rpc/testing';
import { clientInterceptors } from './client-interceptors.ts';
import { FALLBACK_KEY } from './fallback.ts';
import { fakeLogger } from './testing/fake-logger.ts';
import { KINDS } from './testing/test-call.ts';

const ECHO = '/millrace.test.v1.EchoService';
const fallbacks = {
  [`${ECHO}/Echo`]: () => ({ text: 'cached' }),
  [`${ECHO}/Collect`]: () => ({ text: 'cached' }),
  [`${ECHO}/Expand`]: () => [{ text: 'cached' }],
  [`${ECHO}/Chat`]: () => [{ text: 'cached' }],
};
const client = () => clientInterceptors({ peer: 'echo', logger: fakeLogger(), fallbacks });
const down = async () => {
  throw new RpcError(Code.UNAVAILABLE, 'down', { reason: 'TOO_BUSY' });
};

test.each(KINDS)('the caller of a %s call can tell a fallback from an answer', async (kind) => {
  await using rig = await createRig({ client: client(), server: [down] });
  const reasons: (string | undefined)[] = [];
  const onHeaders = (headers: { get: (key: string) => string | undefined }) =>
    void reasons.push(headers.get(FALLBACK_KEY));
  expect(await rig.call(kind, ['a'], { onHeaders })).toEqual(['cached']);
  expect(reasons).toEqual(['TOO_BUSY']);
});

test.each(KINDS)('a %s call whose time is over is answered as well', async (kind) => {
  await using rig = await createRig({ client: client(), server: [() => new Promise(() => undefined)] });
  expect(await rig.call(kind, ['a'], { timeoutMs: 20 })).toEqual(['cached']);
});
