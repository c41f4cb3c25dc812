import { expect, jest, test } from '@jest/globals';
import { createClosers } from './closers.ts';

test('closes in reverse order, one after the other, skipping none for an error', async () => {
  const logger = { error: jest.fn() };
  const closers = createClosers(logger);
  const closed: string[] = [];
  expect(closers.keep('bus', { close: () => closed.push('bus') })).toHaveProperty('close');
  closers.keep('pool', { stop: () => closed.push('pool') });
  closers.add('relay', () => Promise.reject(new Error('stuck')));
  closers.add('server', async () => {
    await new Promise(setImmediate);
    closed.push('server');
  });
  await Promise.all([closers.close(), closers.close()]);
  await closers.close();
  expect(closed).toEqual(['server', 'pool', 'bus']);
  expect(logger.error).toHaveBeenCalledTimes(1);
  expect(logger.error).toHaveBeenCalledWith(expect.objectContaining({ closing: 'relay' }), 'closing failed');
});
