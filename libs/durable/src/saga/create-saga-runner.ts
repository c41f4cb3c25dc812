import { randomUUID } from 'node:crypto';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { SagaDefinition } from './definition.ts';
import type { Engine, SagaRunnerOptions } from './engine.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import type { Ending } from './run-saga.ts';
import { runSaga } from './run-saga.ts';
import type { SagaRow } from './saga-row.ts';
import { claimSagas } from './saga-store.ts';
import { createAlarm } from '../timing/alarm.ts';

export interface SagaRunner {
  start(): void;
  /** Finishes the steps that run, then gives the leases back. */
  stop(): Promise<void>;
  /** Call after the commit of a begin or of a cancel request: nobody waits for the poll then. */
  wake(): void;
  counts(): SagaCounts;
}

/** Since the start of this process; `running` is now. */
export interface SagaCounts {
  running: number;
  completed: number;
  compensated: number;
  parked: number;
  failedAttempts: number;
}

/** A full runner claims again when this part is left, so that claims stay batches. */
const wakeBelow = 0.75;

/** Advances sagas: claims what is due, runs it, and takes over what other runners left behind. */
export function createSagaRunner<S extends DurableTables>(options: SagaRunnerOptions<S>): SagaRunner {
  const {
    db,
    definitions,
    concurrency = 64,
    leaseMs = 10_000,
    pollMs = 500,
    onEnded,
    onError,
    probe,
  } = options;
  const engine: Engine<S> = {
    options,
    leaseMs,
    owner: randomUUID(),
    definitionOf: finder(definitions),
    probe: probe ?? (() => undefined),
  };
  const counts = { completed: 0, compensated: 0, parked: 0, failedAttempts: 0 };
  const active = new Set<Promise<void>>();
  let stopping = false;
  let keeper: ReturnType<typeof createLeaseKeeper> | undefined;
  let claiming: Promise<void> | undefined;
  let again = false;
  /** The last claim found more than there was room for. */
  let full = false;

  const run = async (row: SagaRow): Promise<void> => {
    const lease = { id: row.id, token: row.lease_token };
    const lost = keeper?.hold(lease) ?? AbortSignal.abort();
    const ending = await runSaga(engine, row, { lost, isStopping: () => stopping });
    keeper?.release(lease, { giveBack: ending.kind === 'interrupted' });
    note(ending, row);
  };
  const note = (ending: Ending, { id, type, tenant }: SagaRow): void => {
    if (ending.kind === 'completed' || ending.kind === 'compensated') {
      counts[ending.kind] += 1;
      onEnded?.({ id, type, tenant, state: ending.kind });
    } else if (ending.kind === 'parked') counts.parked += 1;
    else if (ending.kind === 'waits') {
      counts.failedAttempts += 1;
      alarm.set(ending.forMs);
    } else if (ending.kind === 'interrupted' && ending.error !== undefined) onError?.(ending.error, id);
  };
  const claim = async (): Promise<void> => {
    do {
      again = false;
      const limit = concurrency - active.size;
      if (stopping || limit <= 0) return;
      await keeper?.flush();
      const rows = await db.read((on) =>
        claimSagas(engineTables(on), { owner: engine.owner, leaseMs, limit, known: definitions }),
      );
      for (const row of rows) {
        const running = run(row).finally(() => {
          active.delete(running);
          if (!full || active.size > concurrency * wakeBelow) return;
          full = false;
          wake();
        });
        active.add(running);
      }
      full = rows.length === limit;
    } while (again);
  };
  const wake = (): void => {
    again = true;
    if (claiming !== undefined || stopping || keeper === undefined) return;
    // In the next turn, so that many begins of one turn are claimed together.
    claiming = new Promise<void>((resolve) => setImmediate(resolve))
      .then(claim)
      .catch((error: unknown) => onError?.(error, undefined))
      .finally(() => {
        claiming = undefined;
      });
  };
  const alarm = createAlarm(wake);
  let poll: NodeJS.Timeout | undefined;

  return {
    start() {
      keeper ??= createLeaseKeeper(engine);
      poll ??= setInterval(wake, pollMs);
      wake();
    },
    async stop() {
      stopping = true;
      clearInterval(poll);
      alarm.clear();
      await claiming;
      await Promise.all(active);
      alarm.clear();
      // What cannot be given back now is free when its lease ends.
      await keeper?.flush().catch((error: unknown) => onError?.(error, undefined));
      keeper?.stop();
    },
    wake,
    counts: () => ({ running: active.size, ...counts }),
  };
}

function finder<S extends DurableTables>(
  definitions: readonly SagaDefinition<unknown, S>[],
): Engine<S>['definitionOf'] {
  const byName = new Map(
    definitions.map((definition) => [`${definition.type}@${definition.version}`, definition]),
  );
  return ({ type, version }) => {
    const found = byName.get(`${type}@${version}`);
    if (found === undefined) throw new Error(`no definition of saga ${type} version ${version}`);
    return found;
  };
}
