/** Nothing lost, nothing twice: idempotency, saga, outbox and bus on one PostgreSQL transaction. */
import type { Transaction } from 'kysely';
import type { Database } from './postgres/database.ts';
import type { DurableTables } from './postgres/durable-tables.ts';
import type { Logger } from './postgres/logger.ts';
import type { SagaDefinition } from './saga/definition.ts';
import type { NewEvent, StoredEvent } from './outbox/event.ts';
import type { Bus } from './bus/bus.ts';

export type { Database, TransactionOptions, WorkOptions } from './postgres/database.ts';
export type { DurableTables } from './postgres/durable-tables.ts';
export type { Logger } from './postgres/logger.ts';
export {
  CommitUnknown,
  DatabaseUnavailable,
  DurableError,
  StatementFailed,
  WorkCancelled,
} from './postgres/errors.ts';
export type { Once, Operation, OperationKey, OperationSubject } from './idempotency/operation.ts';
export type { Outcome, SagaDefinition, SagaView, Step, StepCall } from './saga/definition.ts';
export type { NewEvent, StoredEvent } from './outbox/event.ts';
export type * from './bus/bus.ts';

export { createDatabase } from './postgres/create-database.ts';
export type { DatabaseOptions } from './postgres/create-database.ts';
export { durableMigrations } from './postgres/durable-migrations.ts';
export { migrate, MigrationFailed } from './postgres/migrate.ts';
export type { MigrateOptions } from './postgres/migrate.ts';
export { SchemaTooNew } from './postgres/compatibility.ts';
export type { CodeCompatibility } from './postgres/compatibility.ts';

export { deleteOldOperations } from './idempotency/delete-old-operations.ts';
export { IdempotencyKeyReused, OperationBarred } from './idempotency/errors.ts';
export { fingerprint } from './idempotency/fingerprint.ts';
export { once } from './idempotency/once.ts';
export { createReplies } from './idempotency/replies.ts';
export type { Replies, RepliesOptions } from './idempotency/replies.ts';
export { settle } from './idempotency/settle.ts';
export { tombstone } from './idempotency/tombstone.ts';
export type { Tombstone } from './idempotency/tombstone.ts';

// saga/
export declare function defineSaga<D, S = DurableTables>(
  definition: SagaDefinition<D, S>,
): SagaDefinition<D, S>;
/** Writes the saga in the business transaction. Call the runner's `wake()` after the commit. */
export declare function beginSaga<D, S extends DurableTables>(
  tx: Transaction<S>,
  definition: SagaDefinition<D, S>,
  saga: { id: string; data: D; tenant: string; trace?: string },
): Promise<void>;
/** Throws SagaNotFound. Wake the runner after the commit. */
export declare function requestCancel<S extends DurableTables>(
  tx: Transaction<S>,
  sagaId: string,
  reason: string,
): Promise<'accepted' | 'too-late' | 'ended'>;
export interface SagaRunner {
  start(): void;
  /** Finishes what runs, then gives the leases back. */
  stop(): Promise<void>;
  /** Call after the commit of a begin or a cancel request. */
  wake(): void;
  counts(): {
    running: number;
    completed: number;
    compensated: number;
    parked: number;
    failedAttempts: number;
  };
}
export interface SagaRunnerOptions<S extends DurableTables> {
  db: Database<S>;
  /** Data types differ from definition to definition. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each definition brings its own data type
  definitions: readonly SagaDefinition<any, S>[];
  /** Sagas at once in this process. Default 64. */
  concurrency?: number;
  /** Default 10,000. */
  leaseMs?: number;
  /** Default 500. */
  pollMs?: number;
  logger?: Logger;
  onError?(error: unknown, sagaId: string | undefined): void;
  /** Called after the commit that ended a saga: here a service announces the reply. */
  onEnded?(ended: { id: string; type: string; tenant: string; state: 'completed' | 'compensated' }): void;
  /** Only a test's own main gives this. */
  probe?(point: string, sagaId: string): Promise<void> | void;
}
export declare function createSagaRunner<S extends DurableTables>(options: SagaRunnerOptions<S>): SagaRunner;

// outbox/
export declare function appendEvents<S extends DurableTables>(
  tx: Transaction<S>,
  events: readonly NewEvent[],
): Promise<void>;
export interface Relay {
  start(): void;
  stop(): Promise<void>;
  /** Call after the commit of a change with events. */
  wake(): void;
}
export declare function createRelay<S extends DurableTables>(options: {
  db: Database<S>;
  /** Without one, positions are stamped for watchers and nothing is published. */
  bus?: Bus;
  pollMs?: number;
  batchSize?: number;
  leaseMs?: number;
  logger?: Logger;
}): Relay;
export interface EventLog {
  tail(options: {
    /** 0n is the beginning. */
    after: bigint;
    signal: AbortSignal;
    filter?: { topic: string; tenant: string; aggregateId?: string; subject?: string };
  }): AsyncIterable<StoredEvent>;
  /** The last stamped position. */
  head(): Promise<bigint>;
  stop(): void;
}
export declare function createEventLog<S extends DurableTables>(options: {
  db: Database<S>;
  pollMs?: number;
}): EventLog;

// bus/
export declare function createBus(url: string, options?: { logger?: Logger }): Promise<Bus>;
/** Runs `effect` unless this group has handled the event before. */
export declare function handleOnce<S extends DurableTables>(
  tx: Transaction<S>,
  event: { group: string; eventId: string },
  effect: () => Promise<void>,
): Promise<'handled' | 'repeat'>;
