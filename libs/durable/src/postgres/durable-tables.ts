import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely';

type Json = JSONColumnType<object, string, string>;

/** The engine's own tables; a service's schema extends this: `interface OrderSchema extends DurableTables { ... }`. */
export interface DurableTables {
  operations: OperationsTable;
  saga: SagaTable;
  saga_log: SagaLogTable;
  outbox: OutboxTable;
  outbox_relay: OutboxRelayTable;
  inbox: InboxTable;
}

interface OperationsTable {
  tenant: string;
  method: string;
  key: string;
  fingerprint: string;
  subject_id: string;
  reply: Uint8Array | null;
  /** open: reply to come. settled: reply stored. tombstone: never ran and never will. */
  status: 'open' | 'settled' | 'tombstone';
  created_at: Generated<Date>;
}

interface SagaTable {
  id: string;
  type: string;
  version: number;
  tenant: string;
  state: 'running' | 'compensating' | 'completed' | 'compensated';
  /** Index into the definition's steps: the one to do, or while compensating the one to undo. */
  step: Generated<number>;
  /** The intent of `step` is recorded: its action may have happened. */
  started: Generated<boolean>;
  /** Whether a cancel request would still be honoured. */
  cancellable: Generated<boolean>;
  cancel_reason: string | null;
  /** Why it compensates. */
  failure: string | null;
  /** Why it waits for a person. */
  parked: string | null;
  data: Json;
  trace: string | null;
  lease_owner: string | null;
  lease_token: Generated<bigint>;
  lease_until: Date | null;
  attempts: Generated<number>;
  /** When somebody must look again; null only when ended or parked. */
  next_at: Date | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

interface SagaLogTable {
  saga_id: string;
  seq: GeneratedAlways<bigint>;
  step: string | null;
  kind: string;
  at: Generated<Date>;
  detail: string | null;
}

interface OutboxTable {
  id: GeneratedAlways<bigint>;
  topic: string;
  aggregate_id: string;
  sequence: bigint;
  type: string;
  tenant: string;
  subject: string | null;
  payload: Uint8Array;
  trace: string | null;
  created_at: Generated<Date>;
  /** Null until the relay has stamped it. */
  position: bigint | null;
}

interface OutboxRelayTable {
  name: string;
  owner: string | null;
  token: Generated<bigint>;
  lease_until: Date | null;
  /** The last position given out. */
  position: Generated<bigint>;
  /** The last position the bus has. */
  published: Generated<bigint>;
  /** Positions up to here were removed. */
  pruned: Generated<bigint>;
}

interface InboxTable {
  consumer_group: string;
  event_id: string;
  handled_at: Generated<Date>;
}
