/** Nothing lost, nothing twice: idempotency, saga, outbox and bus on one PostgreSQL transaction. */

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
export type { EventFilter, NewEvent, StoredEvent } from './outbox/event.ts';
export type * from './bus/bus.ts';

export { createDatabase } from './postgres/create-database.ts';
export type { DatabaseOptions } from './postgres/create-database.ts';
export type { Migration } from 'kysely/migration';
export { durableMigrations } from './postgres/durable-migrations.ts';
export { migrate, MigrationFailed } from './postgres/migrate.ts';
export type { MigrateOptions } from './postgres/migrate.ts';
export { SchemaTooNew } from './postgres/compatibility.ts';
export type { CodeCompatibility } from './postgres/compatibility.ts';

export { asRows } from './batch/as-rows.ts';
export type { ColumnTypes } from './batch/as-rows.ts';
export { createGather } from './batch/create-gather.ts';
export type { Gather, GatherOptions } from './batch/create-gather.ts';
export { handOut } from './batch/hand-out.ts';
export { sameMoment } from './batch/same-moment.ts';
export { shareTransactions } from './batch/share-transactions.ts';
export type { SharedTransactions, SharedWork } from './batch/share-transactions.ts';
export { insertRows, updateRows } from './batch/write-rows.ts';

export { IdempotencyKeyReused, OperationBarred } from './idempotency/errors.ts';
export { fingerprint } from './idempotency/fingerprint.ts';
export { once } from './idempotency/once.ts';
export { createReplies } from './idempotency/replies.ts';
export type { Replies, RepliesOptions } from './idempotency/replies.ts';
export { settle } from './idempotency/settle.ts';
export { tombstone } from './idempotency/tombstone.ts';
export type { Tombstone } from './idempotency/tombstone.ts';

export { beginSaga } from './saga/begin-saga.ts';
export type { NewSaga } from './saga/begin-saga.ts';
export { createSagaRunner } from './saga/create-saga-runner.ts';
export type { SagaRunner } from './saga/create-saga-runner.ts';
export type { SagaCounts } from './saga/crew.ts';
export { defineSaga } from './saga/define-saga.ts';
export type { EndedSaga, SagaProbe, SagaProbePoint, SagaRunnerOptions } from './saga/engine.ts';
export { SagaNotFound } from './saga/errors.ts';
export { listSagas, readTimeline, resumeParked } from './saga/inspect-sagas.ts';
export type { ListSagasOptions, SagaSummary } from './saga/inspect-sagas.ts';
export { requestCancel } from './saga/request-cancel.ts';
export type { CancelAnswer } from './saga/request-cancel.ts';

export { appendEvents } from './outbox/append-events.ts';
export { createEventLog } from './outbox/create-event-log.ts';
export type { EventLog, TailOptions } from './outbox/create-event-log.ts';
export type { EventLogOptions } from './outbox/event-reader.ts';
export { createRelay } from './outbox/create-relay.ts';
export type { Relay, RelayOptions, RelayProbePoint } from './outbox/create-relay.ts';
export { CursorOutOfRange } from './outbox/errors.ts';

export { createSeal } from './outbox/seal.ts';
export type { Seal } from './outbox/seal.ts';

export { createBus } from './bus/create-bus.ts';
export { consumeOnce } from './bus/consume-once.ts';
export type { ConsumeOnceOptions } from './bus/consume-once.ts';
export { handleOnce } from './bus/handle-once.ts';

export { createJanitor } from './janitor.ts';
export type { JanitorOptions } from './janitor.ts';
