import type { IsolationLevel, Kysely, Transaction } from 'kysely';

/** What every use of the database may be given. */
export interface WorkOptions {
  /** Ends the wait for a connection at once and cancels the running statement on the server. */
  signal?: AbortSignal;
}

export interface TransactionOptions extends WorkOptions {
  /** Default: the server's, which is `read committed`. */
  isolation?: IsolationLevel;
}

/**
 * A PostgreSQL database: a bounded pool and the rules of using it.
 *
 * Errors: `DatabaseUnavailable` (no connection within the limit, refused or lost), `WorkCancelled` (the signal),
 * `CommitUnknown` (the connection broke while COMMIT was on its way), `StatementFailed` (anything the server
 * refused). None of them carries SQL text in its message.
 */
export interface Database<S> {
  /** Runs `work` on one connection, each statement its own transaction. */
  read<T>(work: (db: Kysely<S>) => Promise<T>, options?: WorkOptions): Promise<T>;
  /**
   * Runs `work` in a transaction and resolves only after COMMIT. Serialization failures and deadlocks run `work`
   * again, so it must keep its effects inside `tx`.
   */
  transaction<T>(work: (tx: Transaction<S>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /**
   * Calls `onNotify` for each NOTIFY on `channel`, and once with `undefined` after each (re)connection, when
   * notifications may have been missed. Returns its undoing.
   */
  listen(channel: string, onNotify: (payload: string | undefined) => void): () => void;
  /** Waits for running work, then closes every connection. May be called again. */
  close(): Promise<void>;
}
