import type { SharedTransactions } from '../batch/share-transactions.ts';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { Logger } from '../postgres/logger.ts';
import type { SagaDefinition } from './definition.ts';

/** Where a test's own main may stop or kill the process; shipped code passes none. */
export type SagaProbePoint =
  'leased' | 'before-intent' | 'intent-recorded' | 'acted' | 'recorded' | 'before-terminal' | 'terminal';

export type SagaProbe = (point: SagaProbePoint, sagaId: string) => Promise<void> | void;

export interface EndedSaga {
  id: string;
  type: string;
  tenant: string;
  state: 'completed' | 'compensated';
}

export interface SagaRunnerOptions<S extends DurableTables> {
  db: Database<S>;
  definitions: readonly SagaDefinition<unknown, S>[];
  /** Sagas at once in this process. Default 64. */
  concurrency?: number;
  /** Another runner takes a saga over when this one has been silent for so long. Default 10,000. */
  leaseMs?: number;
  /** How often sagas are looked for that nobody woke us for. Default 500. */
  pollMs?: number;
  logger?: Logger;
  /** What failed outside the definitions' remote actions: their local writes, or the database. */
  onError?(error: unknown, sagaId: string | undefined): void;
  /** Called after the commit that ended a saga: here a service announces the reply. */
  onEnded?(ended: EndedSaga): void;
  probe?: SagaProbe;
}

/** What the parts of a runner share. */
export interface Engine<S extends DurableTables> {
  options: SagaRunnerOptions<S>;
  /** Names this runner in the leases. */
  owner: string;
  leaseMs: number;
  /** What sagas write. */
  transactions: SharedTransactions<S>;
  definitionOf(saga: { type: string; version: number }): SagaDefinition<unknown, S>;
  probe: SagaProbe;
}
