import type { PoolClient, QueryResult as PgResult } from 'pg';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { CommitUnknown, DatabaseUnavailable, StatementFailed, WorkCancelled } from './errors.ts';
import type { NameOf } from './statement-names.ts';
import { translateError } from './translate-error.ts';

const cancelAgainMs = 20;

/** What the sessions of a pool share. */
export interface SessionTools {
  /** Cancels what runs on the connection with this process id. */
  cancel(pid: number): Promise<void>;
  nameOf: NameOf;
}

/** One pooled connection while somebody works with it: statements one after the other, each under the signal. */
export class Session implements DatabaseConnection {
  /** Set by the lease holder for the time of one piece of work. */
  signal: AbortSignal | undefined;
  /** The connection is in an unknown state and must not be reused. */
  broken = false;
  readonly client: PoolClient & { processID?: number };
  readonly #cancel: (pid: number) => Promise<void>;
  readonly #nameOf: NameOf;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PoolClient, { cancel, nameOf }: SessionTools) {
    this.client = client;
    this.#cancel = cancel;
    this.#nameOf = nameOf;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = this.#last.then(() => this.#underSignal<R>(query));
    this.#last = result.catch(() => undefined);
    return result;
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streamed queries are not offered: read pages by key');
  }

  /** COMMIT is never cancelled: once it is sent its outcome belongs to the server. */
  async commit(): Promise<void> {
    if (this.signal?.aborted === true) throw new WorkCancelled(this.signal.reason);
    try {
      const { command } = await this.client.query('commit');
      // The server answers ROLLBACK when a failed statement's error was swallowed by the work.
      if (command !== 'COMMIT') throw new StatementFailed('25P02', undefined, undefined);
    } catch (error) {
      const failure = this.#noted(error);
      throw failure instanceof DatabaseUnavailable ? new CommitUnknown(error) : failure;
    }
  }

  /** Never throws: a connection that cannot roll back is thrown away, which rolls back as well. */
  async rollback(): Promise<void> {
    try {
      await this.#last;
      await this.client.query('rollback');
    } catch {
      this.broken = true;
    }
  }

  async #underSignal<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { signal } = this;
    if (signal === undefined) return this.#run<R>(query);
    if (signal.aborted) throw new WorkCancelled(signal.reason);
    let running = true;
    let cancelled: Promise<void> | undefined;
    const onAbort = (): void => {
      cancelled = this.#cancelWhile(() => running);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#run<R>(query);
    } finally {
      running = false;
      signal.removeEventListener('abort', onAbort);
      // The next statement is sent only after the server has the cancel, so it can never hit the wrong one.
      await cancelled;
    }
  }

  async #run<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const name = this.#nameOf(sql);
    const query = { text: sql, values: [...parameters] };
    try {
      const result = await this.client
        .query(name === undefined ? query : { name, ...query })
        .catch((error) => {
          if (name === undefined || !isStale(error)) throw error;
          return this.#withoutPlan(query, error);
        });
      return { rows: result.rows as R[], numAffectedRows: BigInt(result.rowCount ?? 0) };
    } catch (error) {
      throw this.#noted(error);
    }
  }

  /** The schema changed under a prepared statement; it did not run. In a transaction everything has to run again. */
  async #withoutPlan(query: { text: string; values: unknown[] }, error: unknown): Promise<PgResult> {
    this.broken = true;
    if (this.client.getTransactionStatus() === 'I') return this.client.query(query);
    throw new StatementFailed('40001', undefined, error);
  }

  /** Repeats, because a cancel that arrives before its statement is ignored by the server. */
  async #cancelWhile(running: () => boolean): Promise<void> {
    const pid = this.client.processID;
    if (pid === undefined) return;
    while (running()) {
      try {
        await this.#cancel(pid);
      } catch {
        this.broken = true;
        return;
      }
      if (running()) await delay(cancelAgainMs);
    }
  }

  #noted(error: unknown): unknown {
    const failure = translateError(error, this.signal);
    if (failure instanceof DatabaseUnavailable) this.broken = true;
    return failure;
  }
}

/** feature_not_supported: "cached plan must not change result type". */
function isStale(error: unknown): boolean {
  return (error as { code?: unknown }).code === '0A000';
}
