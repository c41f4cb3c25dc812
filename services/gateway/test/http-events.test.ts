import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Code, RpcError, type Call } from '@millrace/rpc';
import { readEvents } from './event-reader.ts';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

const TIMES = { openMs: 20, heartbeatMs: 20 };

let rig: GatewayRig;
beforeAll(async () => void (rig = await startGateway({ times: TIMES })));
afterAll(() => rig.stop());
beforeEach(() => rig.order.reset());

const event = (cursor: number) => ({ event: { cursor: String(cursor), order: { id: `o${cursor}` } } });
const untilCancelled = (call: Call) => new Promise<RpcError>((resolve) => call.onCancel(resolve));

/** Makes the service tell every event after the cursor, up to `last`, and then stay quiet until the client goes. */
function watch(last: number) {
  const ended = Promise.withResolvers<RpcError>();
  const cursors: string[] = [];
  rig.order.handlers.watchOrders = async function* ({ cursor }, call) {
    cursors.push(cursor);
    for (let i = Number(cursor) + 1; i <= last; i++) yield event(i);
    const why = await untilCancelled(call);
    ended.resolve(why);
    throw why;
  };
  return { ended: ended.promise, cursors };
}

async function take(response: Response, count: number) {
  const events = [];
  for await (const one of readEvents(response)) if (events.push(one) === count) break;
  return events;
}

describe('an event stream', () => {
  test('carries each message with its cursor as id', async () => {
    const { ended } = watch(2);
    const response = await rig.send('GET', '/v1/orders:watch?cursor=0');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = await take(response, 2);
    expect(events.map(({ id }) => id)).toEqual(['1', '2']);
    expect(events[0]).toMatchObject({ data: { event: { cursor: '1', order: { id: 'o1' } } } });
    expect((await ended).code).toBe(Code.CANCELLED);
  });

  test('goes on after Last-Event-ID, which counts more than the query of the first request', async () => {
    const { cursors } = watch(5);
    const headers = { 'last-event-id': '3' };
    const events = await take(await rig.send('GET', '/v1/orders:watch?cursor=1', { headers }), 2);
    expect(events.map(({ id }) => id)).toEqual(['4', '5']);
    expect(cursors).toEqual(['3']);
  });

  test('says that it is still there while nothing happens', async () => {
    const next = Promise.withResolvers<void>();
    rig.order.handlers.watchOrders = async function* () {
      await next.promise;
      yield event(1);
    };
    const comments: string[] = [];
    const response = await rig.send('GET', '/v1/orders:watch');
    const reader = readEvents(
      { body: response.body?.pipeThrough(release(comments, next.resolve)) } as Response,
      comments,
    );
    expect((await reader.next()).value).toMatchObject({ id: '1' });
    expect(comments.length).toBeGreaterThan(0);
    expect((await reader.next()).done).toBe(true);
  });

  test('an error before the first event is an ordinary problem', async () => {
    rig.order.handlers.watchOrders = async function* () {
      throw new RpcError(Code.OUT_OF_RANGE, 'the cursor is too old', { reason: 'CURSOR_PRUNED' });
    };
    const problem = await rig.problem('GET', '/v1/orders:watch?cursor=1');
    expect(problem).toMatchObject({ status: 400, code: 'OUT_OF_RANGE', reason: 'CURSOR_PRUNED' });
    const wrong = await rig.problem('GET', '/v1/orders:watch', {
      headers: { 'last-event-id': 'x'.repeat(600) },
    });
    expect(wrong.errors.map(({ field }) => field)).toEqual(['cursor']);
  });

  test('an error after it is its last event, a problem too', async () => {
    rig.order.handlers.watchOrders = async function* () {
      yield event(1);
      throw new RpcError(Code.UNAVAILABLE, 'gone for a while', { reason: 'RESTARTING', retryDelayMs: 50 });
    };
    const response = await rig.send('GET', '/v1/orders:watch');
    const events = await Array.fromAsync(readEvents(response));
    expect(events).toMatchObject([
      { id: '1' },
      {
        event: 'error',
        data: {
          status: 503,
          code: 'UNAVAILABLE',
          reason: 'RESTARTING',
          traceId: response.headers.get('x-trace-id'),
        },
      },
    ]);
  });

  test('a client that does not read slows the service instead of filling the memory', async () => {
    let told = 0;
    const left = Promise.withResolvers<void>();
    rig.order.handlers.watchOrders = async function* (_request, call) {
      void untilCancelled(call).then(() => left.resolve());
      while (!call.cancelled) yield { event: { cursor: String(++told), order: { id: 'x'.repeat(10_000) } } };
    };
    const controller = new AbortController();
    const response = await rig.send('GET', '/v1/orders:watch', { signal: controller.signal });
    await standsStill(() => told);
    // The buffers of the sockets on the way, and nothing beside them: 100 MB were told of in the meantime otherwise.
    expect(told * 10_000).toBeLessThan(50_000_000);
    expect(response.bodyUsed).toBe(false);
    controller.abort();
    await left.promise;
  });

  test('a client that takes nothing for too long is cut off', async () => {
    const impatient = await startGateway({ times: { ...TIMES, stallMs: 100 } });
    const left = Promise.withResolvers<void>();
    impatient.order.handlers.watchOrders = async function* (_request, call) {
      void untilCancelled(call).then(() => left.resolve());
      for (let i = 1; !call.cancelled; i++)
        yield { event: { cursor: String(i), order: { id: 'x'.repeat(10_000) } } };
    };
    const response = await impatient.send('GET', '/v1/orders:watch');
    await left.promise;
    await expect(response.text()).rejects.toThrow();
    await impatient.stop();
  });
});

/** Passes bytes on, and calls back at the first heartbeat. */
function release(comments: string[], then: () => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      if (comments.length > 0 || new TextDecoder().decode(chunk).startsWith(':')) then();
    },
  });
}

/** Resolves when the number has not changed over some turns of the event loop with I/O in them. */
async function standsStill(read: () => number): Promise<void> {
  for (let last = -1, same = 0; same < 200;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    same = read() === last && last > 0 ? same + 1 : 0;
    last = read();
  }
}
