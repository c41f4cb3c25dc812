import type { Database } from '../../postgres/database.ts';
import type { Logger } from '../../postgres/logger.ts';
import { createAlarm } from '../../timing/alarm.ts';
import { createLoop } from '../../timing/loop.ts';
import type { ConsumeOptions, Consumer, Handler } from '../bus.ts';
import type { BusTables } from './bus-tables.ts';
import type { Claimed } from './delivery-store.ts';
import { acknowledge, bury, claimDeliveries, postpone } from './delivery-store.ts';
import { deliveryChannel, subscribe } from './publish.ts';

interface ConsumerOptions extends ConsumeOptions {
  db: Database<BusTables>;
  group: string;
  topics: readonly string[];
  handler: Handler;
  pollMs: number;
  logger?: Logger | undefined;
}

const longestBackoffMs = 30_000;

/** Claims as many deliveries as handlers are free, and acknowledges in batches. */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { db, group, topics, handler, pollMs, logger } = options;
  const { concurrency = 8, visibilityMs = 30_000, maxRetries = 8, backoffMs = 200, from = 'kept' } = options;
  const running = new Set<Promise<void>>();
  let done: Claimed[] = [];
  let subscribed = false;

  const failed = async ({ id, attempt, event }: Claimed, error: unknown): Promise<void> => {
    logger?.warn({ err: error, group, event: event.id, attempt }, 'an event could not be handled');
    const failure = { group, id, attempt, error: describe(error) };
    if (attempt > maxRetries) return db.read((on) => bury(on, failure));
    const delayMs = Math.random() * Math.min(longestBackoffMs, backoffMs * 2 ** (attempt - 1));
    await db.read((on) => postpone(on, failure, delayMs));
    alarm.set(delayMs);
  };
  const handle = async (claimed: Claimed): Promise<void> => {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new Error('the visibility timeout is over')), visibilityMs);
    try {
      await handler(claimed.event, { group, attempt: claimed.attempt, signal: over.signal });
      done.push(claimed);
    } catch (error) {
      // When this cannot be written either, the event is visible again after its timeout.
      await failed(claimed, error).catch(onError);
    } finally {
      clearTimeout(timer);
    }
  };
  const flush = async (): Promise<void> => {
    const batch = done;
    done = [];
    try {
      await db.read((on) => acknowledge(on, group, batch));
    } catch (error) {
      done = [...batch, ...done];
      throw error;
    }
  };
  const onError = (error: unknown): void =>
    logger?.warn({ err: error, group }, 'a bus consumer failed; trying again');
  const loop = createLoop({
    pollMs,
    onError,
    async run() {
      if (!subscribed) await db.transaction((tx) => subscribe(tx, { group, topics, from }));
      subscribed = true;
      await flush();
      const limit = concurrency - running.size;
      if (limit <= 0) return false;
      const claimed = await db.read((on) => claimDeliveries(on, { group, limit, visibilityMs }));
      for (const each of claimed) {
        const handling = handle(each).finally(() => {
          running.delete(handling);
          loop.wake();
        });
        running.add(handling);
      }
      return false;
    },
  });
  const alarm = createAlarm(loop.wake);
  const stopListening = db.listen(deliveryChannel, loop.wake);
  loop.start();
  return {
    async stop() {
      stopListening();
      await loop.stop();
      await Promise.all(running);
      alarm.clear();
      await flush().catch(onError);
    },
  };
}

const longestError = 500;

function describe(error: unknown): string {
  const { name, message } = error as { name?: unknown; message?: unknown };
  return `${String(name ?? 'Error')}: ${String(message ?? error)}`.slice(0, longestError);
}
