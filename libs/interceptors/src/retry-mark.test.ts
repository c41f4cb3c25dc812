import { expect, test } from '@jest/globals';
import { retryMark } from './retry-mark.ts';
import { answering, readAll } from './testing/answers.ts';
import { KINDS, testCall } from './testing/test-call.ts';

test.each(KINDS)('a %s call that is a second attempt is known as one by what it calls', async (kind) => {
  const next = answering('fine');
  await readAll(retryMark()(testCall({ kind }).call, next));
  await readAll(retryMark()(testCall({ kind, metadata: { 'millrace-retry': '1' } }).call, next));
  expect(next.calls.map(({ context }) => context.isRetry)).toEqual([false, true]);
});
