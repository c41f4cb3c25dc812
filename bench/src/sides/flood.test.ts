import { expect, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { flood } from './flood.ts';

test('of calls that are all started at once each is answered, refused with a reason, or unexplained', async () => {
  const endings = [
    () => Promise.resolve(),
    () => Promise.reject(new RpcError(Code.RESOURCE_EXHAUSTED, 'full', { reason: 'QUEUE_FULL' })),
    () => Promise.reject(new Error('broken')),
  ];
  let started = 0;
  const flooded = await flood(300, () => (endings[started++ % endings.length] as () => Promise<void>)());
  expect(flooded).toEqual({ answered: 100, refused: { QUEUE_FULL: 100 }, unexplained: 100 });
});
