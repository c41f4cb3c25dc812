import { describe, expect, it } from '@jest/globals';
import { callAll } from './call-all.ts';
import { Cancellation } from './cancellation.ts';
import { Context, currentContext } from './context.ts';
import { Code, RpcError } from './status.ts';

const settled = () => new Promise(setImmediate);

describe('a call for each of many', () => {
  it('tells how each ended, in the order of the items', async () => {
    const no = new RpcError(Code.NOT_FOUND, 'no');
    const outcomes = await callAll([3, 1, 2], async (item) => {
      for (let turn = 0; turn < item; turn++) await settled();
      if (item === 1) throw no;
      return item * 10;
    });
    expect(outcomes).toEqual([
      { ok: true, value: 30 },
      { ok: false, error: no },
      { ok: true, value: 20 },
    ]);
  });

  it('takes what throws at once, and what is no RpcError, for a failure of that call only', async () => {
    const outcomes = await callAll([1, 2], (item) => {
      if (item === 1) throw new Error('a bug');
      return Promise.resolve(item);
    });
    expect(outcomes).toMatchObject([
      { ok: false, error: { code: Code.INTERNAL } },
      { ok: true, value: 2 },
    ]);
  });

  it.each([
    [undefined, 16],
    [3, 3],
    [1_000, 100],
    [0, 1],
  ])('with a limit of %s has %i under way', async (concurrency, expected) => {
    let running = 0;
    let most = 0;
    const call = async () => {
      most = Math.max(most, ++running);
      await settled();
      running--;
    };
    const items = Array.from({ length: 100 });
    await callAll(items, call, concurrency === undefined ? {} : { concurrency });
    expect(most).toBe(expected);
  });

  it('makes no further call once the context is cancelled', async () => {
    const cancellation = new Cancellation();
    const context = new Context({}, cancellation);
    const started: number[] = [];
    const work = callAll(
      [1, 2, 3, 4],
      (item, { signal }) => {
        started.push(item);
        return new Promise<number>((resolve, reject) => {
          if (item === 1) resolve(item);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      },
      { concurrency: 2, context },
    );
    await settled();
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    expect(await work).toMatchObject([
      { ok: true, value: 1 },
      { ok: false, error: { code: Code.CANCELLED, sent: 'maybe' } },
      { ok: false, error: { code: Code.CANCELLED, sent: 'maybe' } },
      { ok: false, error: { code: Code.CANCELLED, sent: 'never' } },
    ]);
    expect(started).toEqual([1, 2, 3]);
  });

  it('makes them in the context that it was given', async () => {
    const context = new Context({ isRetry: true });
    const outcomes = await callAll([1], () => Promise.resolve(currentContext()), { context });
    expect(outcomes).toEqual([{ ok: true, value: context }]);
  });

  it('has nothing to tell of no items', async () => {
    expect(await callAll([], () => Promise.resolve(1))).toEqual([]);
  });
});
