import { expect, it } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { Outcomes } from './outcomes.ts';

it('tells what became of calls by their sort, and how fast', async () => {
  const outcomes = new Outcomes({ perSecond: 1, durationMs: 1_000, warmUpMs: 0 });
  const dueMs = performance.now();
  const overloaded = new RpcError(Code.RESOURCE_EXHAUSTED, 'full', { reason: 'OVERLOADED' });
  outcomes.follow('default', dueMs, () => Promise.resolve());
  outcomes.follow('default', dueMs, () => Promise.reject(overloaded));
  outcomes.follow('critical', dueMs, () => Promise.reject(new RpcError(Code.UNAVAILABLE, 'gone')));
  outcomes.follow('health', dueMs, () => Promise.resolve());
  const { byName, goodput, refusalP99Ms, failures } = await outcomes.settled();
  expect(byName).toEqual({
    default: { sent: 2, served: 1, refused: 1, failed: 0 },
    critical: { sent: 1, served: 0, refused: 0, failed: 1 },
    health: { sent: 1, served: 1, refused: 0, failed: 0 },
  });
  expect(goodput).toBe(1);
  expect(refusalP99Ms).toBeGreaterThanOrEqual(0);
  expect(failures).toEqual({ 'critical UNAVAILABLE': 1 });
});

it('does not count what was due while it warmed up', async () => {
  const outcomes = new Outcomes({ perSecond: 1, durationMs: 1_000, warmUpMs: 1_000 });
  outcomes.follow('default', performance.now(), () => Promise.resolve());
  expect((await outcomes.settled()).goodput).toBe(0);
});
