import { describe, expect, test } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import { OrderSchema, OrderStatus } from '@millrace/contracts';
import { Code, RpcError } from '@millrace/rpc';
import { atOnce } from './at-once.ts';
import { createObservations } from './observations.ts';
import { createOrderSender } from './order-sender.ts';
import type { OrdersClient } from './orders-client.ts';
import { patiently } from './patiently.ts';
import { planOrders } from './plan-orders.ts';
import { createPushQueue } from './push-queue.ts';
import { takeOrders } from './take-orders.ts';

const unavailable = () => new RpcError(Code.UNAVAILABLE, 'restarting', { retryDelayMs: 0 });

describe('a plan', () => {
  test('is the same for the same seed and another for another', () => {
    expect(planOrders(50, 7)).toEqual(planOrders(50, 7));
    expect(planOrders(50, 7)).not.toEqual(planOrders(50, 8));
  });

  test.each([1, 2, 60, 1000])('of %i orders has them all, half on each way', (count) => {
    const plan = planOrders(count, 1);
    expect(plan).toHaveLength(count);
    expect(new Set(plan.map(({ key }) => key)).size).toBe(count);
    expect(plan.filter(({ way }) => way === 'stream')).toHaveLength(Math.floor(count / 2));
  });

  test('has declines, trouble, cancellations and duplicates among them', () => {
    const plan = planOrders(60, 3);
    const skus = new Set(plan.flatMap(({ lines }) => lines.map(({ sku }) => sku)));
    for (const sku of ['TEST-DECLINED', 'TEST-TIMEOUT', 'TEST-UNAVAILABLE', 'TEST-SLOW', 'SCARCE'])
      expect(skus).toContain(sku);
    expect(plan.some(({ cancel }) => cancel)).toBe(true);
    expect(plan.some(({ twice }) => twice !== 'no')).toBe(true);
  });
});

describe('patience', () => {
  test('asks again after an error that may pass', async () => {
    const answers = [unavailable(), unavailable()];
    const retried: string[] = [];
    const result = await patiently(
      () => {
        const error = answers.shift();
        return error ? Promise.reject(error) : Promise.resolve('done');
      },
      { onRetry: ({ message }) => retried.push(message) },
    );
    expect([result, retried.length]).toEqual(['done', 2]);
  });

  test('does not ask again after an error that will not pass', async () => {
    let calls = 0;
    const attempt = () => {
      calls += 1;
      return Promise.reject(new RpcError(Code.INVALID_ARGUMENT, 'no'));
    };
    await expect(patiently(attempt)).rejects.toThrow('no');
    expect(calls).toBe(1);
  });

  test('has an end, and says how long it was', async () => {
    await expect(patiently(() => Promise.reject(unavailable()), { patienceMs: -1 })).rejects.toThrow(
      /no answer within .*UNAVAILABLE: restarting/,
    );
  });
});

describe('at once', () => {
  test('never runs more than the limit', async () => {
    let running = 0;
    let most = 0;
    await atOnce(Array.from({ length: 20 }), 3, async () => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
    });
    expect(most).toBe(3);
  });

  test('ends with the first failure, when what runs is over', async () => {
    const started: number[] = [];
    const work = async (item: number) => {
      started.push(item);
      await Promise.resolve();
      if (item === 1) throw new Error('one');
    };
    await expect(atOnce([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow('one');
    expect(started).not.toContain(5);
  });
});

test('a push queue gives its reader everything in order and then ends', async () => {
  const queue = createPushQueue<number>();
  queue.push(1);
  const reading = Array.fromAsync(queue);
  await Promise.resolve();
  queue.push(2);
  queue.end();
  expect(await reading).toEqual([1, 2]);
});

describe('orders are taken', () => {
  const order = (status: OrderStatus) => create(OrderSchema, { id: 'o', customerId: 'c', status });
  const planned = planOrders(1, 1).map((one) => ({
    ...one,
    way: 'http' as const,
    cancel: true,
    twice: 'at once' as const,
  }));

  function fake(place: OrdersClient['place']): { client: OrdersClient; cancelled: string[] } {
    const cancelled: string[] = [];
    const client: OrdersClient = {
      place,
      cancel: async ({ id }) => {
        cancelled.push(id);
        return order(OrderStatus.CANCELLED);
      },
      close: async () => undefined,
    };
    return { client, cancelled };
  }

  test('with their duplicate and cancellation, and everything is noted', async () => {
    const observed = createObservations();
    const { client, cancelled } = fake(async () => order(OrderStatus.CONFIRMED));
    const sender = createOrderSender(observed);
    const failures = await takeOrders(planned, {
      clients: { http: client, stream: client },
      sender,
      concurrency: 2,
    });
    expect(failures).toEqual([]);
    expect([...observed.answers.values()].flat()).toHaveLength(2);
    expect([cancelled, [...observed.cancelled], observed.calls]).toEqual([['o'], ['o'], 3]);
  });

  test('and one that cannot be placed is a failure with its reason', async () => {
    const { client } = fake(() => Promise.reject(new RpcError(Code.INVALID_ARGUMENT, 'lines: too many')));
    const sender = createOrderSender(createObservations());
    const failures = await takeOrders(planned, {
      clients: { http: client, stream: client },
      sender,
      concurrency: 2,
    });
    expect(failures).toEqual([expect.stringMatching(/\(http\): INVALID_ARGUMENT lines: too many/)]);
  });

  test('a call beyond its deadline and the way back is noted as late', () => {
    const observed = createObservations();
    observed.called({ what: 'a', deadlineMs: 500, tookMs: 599 });
    observed.called({ what: 'b', deadlineMs: 500, tookMs: 601 });
    expect(observed.lateCalls.map(({ what }) => what)).toEqual(['b']);
  });
});
