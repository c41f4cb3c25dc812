import { afterEach, beforeEach, describe, expect, it, jest, test } from '@jest/globals';
import { Cancellation } from './cancellation.ts';
import { Context, currentContext, runInContext } from './context.ts';
import { Code, codeName, RpcError } from './status.ts';
import { watch, type WatchOptions } from './watch.ts';

const down = new RpcError(Code.UNAVAILABLE, 'down');
const old = new RpcError(Code.UNAVAILABLE, 'old', { reason: 'MAX_AGE', retryDelayMs: 0 });
const expired = new RpcError(Code.UNAUTHENTICATED, 'expired');

/** What one opening brings: events, then how it ends; `open` for a stream that stays. */
type Opening = readonly [events: readonly string[], end?: Error | 'open' | undefined];

/** A server of streams, one after the other; the last for ever. */
function serving(openings: readonly Opening[], options: Partial<WatchOptions<string>> = {}) {
  const cursors: string[] = [];
  const delays: number[] = [];
  let left = 0;
  const open = (cursor: string): AsyncIterable<string> => {
    const [events, end] = openings[Math.min(cursors.length, openings.length - 1)] ?? [[]];
    cursors.push(cursor);
    return (async function* () {
      try {
        yield* events;
        if (end === 'open') await new Promise(() => undefined);
        if (end instanceof Error) throw end;
      } finally {
        left++;
      }
    })();
  };
  const events = watch<string>({
    open,
    cursorOf: (event) => event,
    onBreak: (_why, delayMs) => void delays.push(delayMs),
    ...options,
  });
  return { events, cursors, delays, left: () => left };
}

/** So many events, or the failure, whatever time that takes. */
async function take(events: AsyncIterable<string>, count: number) {
  const taken: string[] = [];
  const reading = (async () => {
    for await (const event of events) if (taken.push(event) === count) return undefined;
    return 'the end';
  })().catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(600_000);
  return { taken, failure: await reading };
}

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0.999999);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('a watch', () => {
  test.each<[string, RpcError | undefined]>([
    ['a broken connection', down],
    ['an end without error', undefined],
    ['old age', old],
    ['a lost call', new RpcError(Code.CANCELLED, 'reset')],
    ['a fault', new RpcError(Code.INTERNAL, 'fault')],
    ['an opening that took too long', new RpcError(Code.DEADLINE_EXCEEDED, 'late')],
    ['load', new RpcError(Code.RESOURCE_EXHAUSTED, 'load')],
    ['an expired token', expired],
  ])('goes on behind the last event after %s', async (_why, end) => {
    const { events, cursors } = serving([
      [['1', '2'], end],
      [['3'], 'open'],
    ]);
    expect((await take(events, 3)).taken).toEqual(['1', '2', '3']);
    expect(cursors).toEqual(['', '2']);
  });

  it('begins where it is told', async () => {
    const { events, cursors } = serving([[['8'], 'open']], { from: '7' });
    await take(events, 1);
    expect(cursors).toEqual(['7']);
  });

  test.each([
    Code.INVALID_ARGUMENT,
    Code.UNAUTHENTICATED,
    Code.PERMISSION_DENIED,
    Code.NOT_FOUND,
    Code.OUT_OF_RANGE,
    Code.UNIMPLEMENTED,
    Code.FAILED_PRECONDITION,
  ])('fails at once with status %s', async (code) => {
    const { events, cursors } = serving([[[], new RpcError(code, codeName(code))]]);
    expect((await take(events, 1)).failure).toMatchObject({ code });
    expect(cursors).toHaveLength(1);
  });

  it('asks once for new credentials', async () => {
    const { events, cursors, delays } = serving([
      [['1'], expired],
      [[], expired],
    ]);
    expect(await take(events, 9)).toMatchObject({ taken: ['1'], failure: expired });
    expect([cursors.length, delays]).toEqual([2, [0]]);
  });

  it('fails with what is no status: that is a bug, and trying again would hide it', async () => {
    const bug = new TypeError('a bug');
    const { events, left } = serving([[['1'], 'open']], {
      cursorOf: () => {
        throw bug;
      },
    });
    expect((await take(events, 1)).failure).toBe(bug);
    expect(left()).toBe(1);
  });

  it('waits longer from break to break, up to five seconds', async () => {
    const { events, delays } = serving([...Array<Opening>(9).fill([[], down]), [['1'], 'open']]);
    await take(events, 1);
    expect(delays.map(Math.round)).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it('waits at random, to come back at another time than all the others', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const { events, delays } = serving([
      [[], down],
      [[], down],
      [['1'], 'open'],
    ]);
    await take(events, 1);
    expect(delays).toEqual([25, 50]);
  });

  it('begins with short waits again after an event', async () => {
    const { events, delays } = serving([
      [[], down],
      [[], down],
      [['1'], down],
      [['2'], 'open'],
    ]);
    await take(events, 2);
    expect(delays.map(Math.round)).toEqual([50, 100, 50]);
  });

  test.each([
    [700, 700],
    [10, 50],
    [-1, 50],
    [NaN, 50],
    [1e12, 60_000],
  ])('asked to wait %d ms it waits %d', async (retryDelayMs, expected) => {
    const { events, delays } = serving([
      [[], down.with({ retryDelayMs })],
      [['1'], 'open'],
    ]);
    await take(events, 1);
    expect(delays.map(Math.round)).toEqual([expected]);
  });

  it('comes back at once when the stream grew old, but not again and again', async () => {
    const { events, delays } = serving([
      [['1'], old],
      [['2'], old],
      [[], old],
      [[], old],
      [['3'], 'open'],
    ]);
    await take(events, 3);
    expect(delays.map(Math.round)).toEqual([0, 0, 100, 200]);
  });

  it('drops the event that it had last', async () => {
    const { events } = serving([
      [['1', '2'], down],
      [['2', '3'], 'open'],
    ]);
    expect((await take(events, 3)).taken).toEqual(['1', '2', '3']);
  });

  it('keeps its cursor over messages that have none', async () => {
    const { events, cursors } = serving(
      [
        [['1', 'news'], down],
        [['2'], 'open'],
      ],
      { cursorOf: (event) => (event === 'news' ? undefined : event) },
    );
    expect((await take(events, 3)).taken).toEqual(['1', 'news', '2']);
    expect(cursors).toEqual(['', '1']);
  });

  it('drops what is out of order, where it can tell', async () => {
    const isAfter = (cursor: string, last: string) => Number(cursor) > Number(last);
    const { events } = serving([[['1', '3', '2', '3', '4'], 'open']], { isAfter });
    expect((await take(events, 3)).taken).toEqual(['1', '3', '4']);
  });
});

describe('a watch ends', () => {
  const waiting = async (openings: readonly Opening[], options: Partial<WatchOptions<string>> = {}) => {
    const rig = serving(openings, options);
    const next = rig.events.next();
    next.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1);
    return { ...rig, next };
  };

  test.each<[string, Opening]>([
    ['waits for an event', [[], 'open']],
    ['waits to come back', [[], down.with({ retryDelayMs: 50_000 })]],
  ])('when its reader leaves while it %s', async (_where, opening) => {
    const { events, next, cursors } = await waiting([opening]);
    await events.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    await jest.advanceTimersByTimeAsync(100_000);
    expect(cursors).toHaveLength(1);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('and leaves its stream, when its loop is left', async () => {
    const { events, left } = serving([[['1', '2'], 'open']]);
    await take(events, 1);
    expect(left()).toBe(1);
  });

  it('when its signal aborts, and takes its listener back', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const [add, remove] = [jest.spyOn(signal, 'addEventListener'), jest.spyOn(signal, 'removeEventListener')];
    const { next } = await waiting([[[], 'open']], { signal });
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 1]);
  });

  it('before it begins, when its signal has aborted', async () => {
    const { events, cursors } = serving([[['1']]], { signal: AbortSignal.abort() });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(cursors).toEqual([]);
  });

  it('with the context that it was made in, without a trace', async () => {
    const cancellation = new Cancellation();
    const context = new Context({}, cancellation);
    const seen: Context[] = [];
    const open = () => {
      seen.push(currentContext());
      throw down.with({ retryDelayMs: 1_000 });
    };
    const events = runInContext(context, () => watch<string>({ open, cursorOf: (event) => event }));
    const next = events.next();
    next.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1);
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    await expect(next).rejects.toMatchObject({ message: 'left' });
    expect([seen, cancellation.listenerCount]).toEqual([[context], 0]);
  });
});
