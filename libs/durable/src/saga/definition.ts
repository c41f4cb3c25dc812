import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';

/** What a step sees of its saga. */
export interface SagaView<D> {
  readonly id: string;
  readonly type: string;
  readonly tenant: string;
  readonly data: Readonly<D>;
  readonly trace: string | undefined;
  /** Failed attempts at the current step. */
  readonly attempts: number;
}

export type Outcome<D> =
  { kind: 'done'; data?: Partial<D> } | { kind: 'refused'; reason: string; data?: Partial<D> };

export interface StepCall {
  /** `${sagaId}:${step}`, the same for every attempt and for the compensation. */
  key: string;
  /** Aborted after the step's time, when the lease is lost, and when the runner stops. */
  signal: AbortSignal;
}

/** One step of a saga. A remote action goes to `execute`, local writes to `record`. */
export interface Step<D, S = DurableTables> {
  name: string;
  /**
   * A remote action, outside any transaction, after its intent is committed. A throw means unknown or passing
   * failure: it is asked again with the same key after a backoff with jitter.
   */
  execute?(saga: SagaView<D>, call: StepCall): Promise<Outcome<D>>;
  /**
   * Runs in the transaction that logs the step's outcome, with `outcome.data` already merged into `saga.data`: local
   * writes and outbox events. A step without `execute` does its work here and may return a refusal, whose writes
   * are kept. May run again when the transaction is retried.
   */
  record?(tx: Transaction<S>, saga: SagaView<D>, outcome: Outcome<D>): Promise<Outcome<D> | void>;
  /** Undoes the remote action, or makes sure it never happens. Retried until it succeeds. */
  compensate?(saga: SagaView<D>, call: StepCall): Promise<void>;
  /** Local writes of the undoing, in the transaction that logs it. */
  recordUndo?(tx: Transaction<S>, saga: SagaView<D>): Promise<void>;
  /** From this step's intent on, a cancel request is too late. */
  pivot?: boolean;
  /** Time for one attempt of `execute` or `compensate`. Default 10,000. */
  timeoutMs?: number;
  /**
   * Failed attempts that are repeated. After them a step before the pivot is compensated, the pivot and what follows is
   * parked, and so is a compensation. Default 60, which with the backoff is some four minutes.
   */
  maxRetries?: number;
}

export interface SagaDefinition<D, S = DurableTables> {
  type: string;
  /** Raised when steps change; a runner only claims the versions it was given. */
  version: number;
  steps: readonly Step<D, S>[];
  /** In the terminal transaction of a saga whose steps are all done; here a service settles the reply. */
  completed?(tx: Transaction<S>, saga: SagaView<D>): Promise<void>;
  /** In the terminal transaction of a saga that was undone, with the refusal's or cancel's reason. */
  compensated?(tx: Transaction<S>, saga: SagaView<D>, reason: string): Promise<void>;
}
