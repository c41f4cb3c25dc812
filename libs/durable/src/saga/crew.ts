import type { DurableTables } from '../postgres/durable-tables.ts';
import type { Engine } from './engine.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import type { Ending } from './run-saga.ts';
import { runSaga } from './run-saga.ts';
import type { SagaRow } from './saga-row.ts';

/** Since the start of this process; `running` is now. */
export interface SagaCounts {
  running: number;
  completed: number;
  compensated: number;
  parked: number;
  failedAttempts: number;
}

/** The sagas that run in this process. */
export interface Crew {
  /** Runs a claimed saga and keeps its lease meanwhile. */
  take(row: SagaRow): void;
  /** Writes the leases that are to be given back. */
  flush(): Promise<void>;
  counts(): SagaCounts;
  /** Waits for the steps that run and gives all leases back. */
  stop(): Promise<void>;
}

interface CrewOptions {
  /** A saga made room, or must be looked at again after this time. */
  onFree(): void;
  onWait(forMs: number): void;
}

export function createCrew<S extends DurableTables>(
  engine: Engine<S>,
  { onFree, onWait }: CrewOptions,
): Crew {
  const { onEnded, onError } = engine.options;
  const counts = { completed: 0, compensated: 0, parked: 0, failedAttempts: 0 };
  const active = new Set<Promise<void>>();
  const keeper = createLeaseKeeper(engine);
  let stopping = false;

  const note = (ending: Ending, { id, type, tenant }: SagaRow): void => {
    if (ending.kind === 'completed' || ending.kind === 'compensated') {
      counts[ending.kind] += 1;
      onEnded?.({ id, type, tenant, state: ending.kind });
    } else if (ending.kind === 'parked') counts.parked += 1;
    else if (ending.kind === 'waits') {
      counts.failedAttempts += 1;
      onWait(ending.forMs);
    } else if (ending.kind === 'interrupted' && ending.error !== undefined) onError?.(ending.error, id);
  };
  const run = async (row: SagaRow): Promise<void> => {
    const lease = { id: row.id, token: row.lease_token };
    const lost = keeper.hold(lease);
    const ending = await runSaga(engine, row, { lost, isStopping: () => stopping });
    keeper.release(lease, { giveBack: ending.kind === 'interrupted' });
    note(ending, row);
  };
  return {
    take(row) {
      const running = run(row).finally(() => {
        active.delete(running);
        onFree();
      });
      active.add(running);
    },
    flush: keeper.flush,
    counts: () => ({ running: active.size, ...counts }),
    async stop() {
      stopping = true;
      await Promise.all(active);
      // What cannot be given back now is free when its lease ends.
      await keeper.flush().catch((error: unknown) => onError?.(error, undefined));
      keeper.stop();
    },
  };
}
