import { randomUUID } from 'node:crypto';
import { shareTransactions } from '../batch/share-transactions.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { createAlarm } from '../timing/alarm.ts';
import { createLoop } from '../timing/loop.ts';
import type { Crew, SagaCounts } from './crew.ts';
import { createCrew } from './crew.ts';
import type { SagaDefinition } from './definition.ts';
import type { Engine, SagaRunnerOptions } from './engine.ts';
import { claimSagas } from './saga-store.ts';

export interface SagaRunner {
  start(): void;
  /** Finishes the steps that run, then gives the leases back. */
  stop(): Promise<void>;
  /** Call after the commit of a begin or of a cancel request: nobody waits for the poll then. */
  wake(): void;
  counts(): SagaCounts;
}

/** A full runner claims again when this part is left, so that claims stay batches. */
const claimBelow = 0.75;
const idle: SagaCounts = { running: 0, completed: 0, compensated: 0, parked: 0, failedAttempts: 0 };

/** Advances sagas: claims what is due, runs it, and takes over what other runners left behind. */
export function createSagaRunner<S extends DurableTables>(options: SagaRunnerOptions<S>): SagaRunner {
  const { db, definitions, concurrency = 64, leaseMs = 10_000, pollMs = 500, onError } = options;
  const owner = randomUUID();
  const engine: Engine<S> = {
    ...{ options, leaseMs, owner, transactions: shareTransactions(db) },
    definitionOf: finder(definitions),
    probe: options.probe ?? (() => undefined),
  };
  let crew: Crew | undefined;
  /** The last claim may have left something behind for want of room. */
  let full = false;
  const loop = createLoop({
    pollMs,
    onError: (error) => onError?.(error, undefined),
    async run() {
      const limit = concurrency - (crew?.counts().running ?? 0);
      if (limit <= 0) return false;
      await crew?.flush();
      const claim = { owner, leaseMs, limit, known: definitions };
      const rows = await db.read((on) => claimSagas(engineTables(on), claim));
      full = rows.length === limit;
      for (const row of rows) crew?.take(row);
      return false;
    },
  });
  const alarm = createAlarm(loop.wake);
  const onFree = (): void => {
    if (!full || (crew?.counts().running ?? 0) > concurrency * claimBelow) return;
    full = false;
    loop.wake();
  };
  return {
    start() {
      crew ??= createCrew(engine, { onFree, onWait: alarm.set });
      loop.start();
    },
    async stop() {
      await loop.stop();
      await crew?.stop();
      alarm.clear();
    },
    wake: loop.wake,
    counts: () => crew?.counts() ?? idle,
  };
}

function finder<S extends DurableTables>(
  definitions: readonly SagaDefinition<unknown, S>[],
): Engine<S>['definitionOf'] {
  const nameOf = ({ type, version }: { type: string; version: number }): string =>
    `${type} version ${version}`;
  const byName = new Map(definitions.map((definition) => [nameOf(definition), definition]));
  return (saga) => {
    const found = byName.get(nameOf(saga));
    if (found === undefined) throw new Error(`no definition of saga ${nameOf(saga)}`);
    return found;
  };
}
