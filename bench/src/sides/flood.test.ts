import { expect, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { flood } from './flood.ts';

const full = new RpcError(Code.RESOURCE_EXHAUSTED, 'full', { reason: 'QUEUE_FULL', sent: 'never' });

const ENDINGS: readonly (() => Promise<void>)[] = [
  () => Promise.resolve(),
  () => Promise.reject(full),
  () => Promise.reject(new Error('broken')),
  // It may have run.
  () => Promise.reject(new RpcError(Code.UNAVAILABLE, 'gone', { reason: 'CONNECTION_LOST', sent: 'maybe' })),
  // Nobody says why.
  () => Promise.reject(new RpcError(Code.UNAVAILABLE, 'gone', { sent: 'never' })),
];

test('of calls that are all started at once each is answered, refused with a reason, or unexplained', async () => {
  let started = 0;
  const flooded = await flood(500, () => (ENDINGS[started++ % ENDINGS.length] as () => Promise<void>)());
  expect(flooded).toEqual({ answered: 100, refused: { QUEUE_FULL: 100 }, unexplained: 300 });
});
