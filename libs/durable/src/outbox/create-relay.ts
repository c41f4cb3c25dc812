import { sql } from 'kysely';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { Logger } from '../postgres/logger.ts';
import { createLoop } from '../timing/loop.ts';
import { appendedChannel } from './channels.ts';
import { createPublisher } from './publisher.ts';
import { createRelayLease } from './relay-lease.ts';
import { stampEvents } from './relay-store.ts';

export interface Relay {
  start(): void;
  /** Finishes what runs and gives the lease to whoever wants it. */
  stop(): Promise<void>;
  /** Call after the commit of a change with events, in whichever process. */
  wake(): void;
}

export interface RelayOptions<S extends DurableTables> {
  db: Database<S>;
  /** Where events go. Without one they are stamped for watchers and count as published. */
  bus?: Bus;
  /** Longest time an event waits that nobody woke the relay for. Default 500. */
  pollMs?: number;
  /** Shortest time between two transactions of the relay: events that are committed meanwhile share one. Default 50. */
  spacingMs?: number;
  /** Events a transaction or a publish. Default 500. */
  batchSize?: number;
  /** Another process takes over when the relay has been silent for so long. Default 3,000. */
  leaseMs?: number;
  logger?: Logger;
  /** Where a test's own main may stop or kill the process. */
  probe?(point: RelayProbePoint): Promise<void> | void;
}

export type RelayProbePoint = 'before-stamp' | 'published';

/**
 * Stamps events with their positions and publishes them in that order, at least once. Start one in every process: the
 * one that has the lease works, the others wait for it to fall silent.
 */
export function createRelay<S extends DurableTables>(options: RelayOptions<S>): Relay {
  const { db, bus, pollMs = 500, spacingMs = 50, batchSize = 500, leaseMs = 3_000, logger, probe } = options;
  const lease = createRelayLease(db, leaseMs);
  let stopListening: (() => void) | undefined;
  const onError = (error: unknown): void =>
    logger?.warn({ err: error }, 'the outbox relay failed; trying again');

  const notify = createNotifier(db, onError);
  const timing = { pollMs, spacingMs: () => spacingMs, onError };
  const publisher = bus && createPublisher({ db, bus, batchSize, lease, ...timing, ...(probe && { probe }) });
  const stamper = createLoop({
    ...timing,
    async run() {
      const token = await lease.hold();
      if (token === undefined) return false;
      await probe?.('before-stamp');
      const stamping = { token, limit: batchSize, unpublished: bus === undefined };
      const stamped = await db.read((on) => stampEvents(engineTables(on), stamping));
      if (stamped > 0) publisher?.wake();
      return stamped === batchSize;
    },
  });

  return {
    start() {
      stopListening ??= db.listen(appendedChannel, stamper.wake);
      stamper.start();
      publisher?.start();
    },
    async stop() {
      stopListening?.();
      await Promise.all([stamper.stop(), publisher?.stop()]);
      await lease.free().catch(onError);
    },
    wake: () => (lease.token === undefined ? notify() : stamper.wake()),
  };
}

/** Somebody else has the lease; one notification is enough for all that is committed meanwhile. */
function createNotifier<S>(db: Database<S>, onError: (error: unknown) => void): () => void {
  let pending = false;
  return () => {
    if (pending) return;
    pending = true;
    setImmediate(() => {
      pending = false;
      db.read((on) => sql`select pg_notify(${appendedChannel}, '')`.execute(on)).catch(onError);
    });
  };
}
