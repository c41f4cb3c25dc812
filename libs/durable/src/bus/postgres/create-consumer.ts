import { createAlarm } from '../../timing/alarm.ts';
import { createLoop } from '../../timing/loop.ts';
import type { Consumer } from '../bus.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import type { Claimed } from './delivery-store.ts';
import { claimDeliveries } from './delivery-store.ts';
import type { ConsumerOptions } from './handle-delivery.ts';
import { handleDelivery } from './handle-delivery.ts';
import { deliveryChannel, subscribe } from './publish.ts';

/** Without a backlog, deliveries that come within this time share a claim and an acknowledgement. */
const spacingMs = 20;

/** Claims as many deliveries as handlers are free, and acknowledges in batches. */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { db, group, topics, pollMs, logger } = options;
  const { concurrency = 8, visibilityMs = 30_000, from = 'kept' } = options;
  const onError = (error: unknown): void =>
    logger?.warn({ err: error, group }, 'a bus consumer failed; trying again');
  const running = new Set<Promise<void>>();
  const acknowledgements = createAcknowledgements(db, group);
  const handle = async (claimed: Claimed): Promise<void> => {
    const result = await handleDelivery({ ...options, visibilityMs }, claimed).catch(onError);
    if (result?.kind === 'done') acknowledgements.add(claimed);
    else if (result?.kind === 'postponed') alarm.set(result.delayMs);
  };
  const start = (claimed: Claimed): void => {
    const handling = handle(claimed).finally(() => {
      running.delete(handling);
      loop.wake();
    });
    running.add(handling);
  };
  let subscribed = false;
  let hasBacklog = false;
  const loop = createLoop({
    ...{ pollMs, onError },
    spacingMs: () => (hasBacklog ? 0 : spacingMs),
    async run() {
      if (!subscribed) await db.transaction((tx) => subscribe(tx, { group, topics, from }));
      subscribed = true;
      await acknowledgements.flush();
      const limit = concurrency - running.size;
      if (limit <= 0) return false;
      const claimed = await db.read((on) => claimDeliveries(on, { group, limit, visibilityMs }));
      hasBacklog = claimed.length === limit;
      claimed.forEach(start);
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
      await acknowledgements.flush().catch(onError);
    },
  };
}
