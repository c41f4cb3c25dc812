import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { WorkCancelled } from '../postgres/errors.ts';
import type { Logger } from '../postgres/logger.ts';
import type { OperationKey, OperationSubject } from './operation.ts';
import { createWaiters } from './waiters.ts';

/** Waiting for replies that other transactions will write. */
export interface Replies {
  /**
   * Resolves with the stored reply. Rejects with WorkCancelled when the signal aborts or this is stopped. The subject
   * is needed only where the reply is announced by subject.
   */
  wait(
    operation: OperationKey & { subjectId?: string },
    options?: { signal?: AbortSignal },
  ): Promise<Uint8Array>;
  /** Call after the commit that settled it, with the reply if it is at hand: then nobody has to read it. */
  announce(operation: OperationKey | OperationSubject, reply?: Uint8Array): void;
  stop(): void;
}

export interface RepliesOptions<S extends DurableTables> {
  db: Database<S>;
  /** How often replies that other processes wrote are looked for, by one query for all that wait. Default 50. */
  pollMs?: number;
  logger?: Logger;
}

export function createReplies<S extends DurableTables>({
  db,
  pollMs = 50,
  logger,
}: RepliesOptions<S>): Replies {
  const waiters = createWaiters();
  let timer: NodeJS.Timeout | undefined;
  let polling = false;
  let nudged = false;

  const schedule = (afterMs: number): void => {
    if (polling || waiters.isEmpty()) return;
    clearTimeout(timer);
    timer = setTimeout(() => void poll(), afterMs);
  };
  const poll = async (): Promise<void> => {
    polling = true;
    nudged = false;
    try {
      for (const { reply, ...key } of await readReplies(db, waiters.keys())) waiters.resolve(key, reply);
    } catch (error) {
      logger?.warn({ err: error }, 'replies could not be read; trying again');
    } finally {
      polling = false;
      schedule(nudged ? 0 : pollMs);
    }
  };

  return {
    async wait(operation, { signal } = {}) {
      if (signal?.aborted === true) throw new WorkCancelled(signal.reason);
      const waiter = waiters.add(operation);
      const onAbort = (): void => waiter.reject(new WorkCancelled(signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timer === undefined) schedule(pollMs);
      try {
        return await waiter.reply;
      } finally {
        signal?.removeEventListener('abort', onAbort);
        waiter.remove();
        if (waiters.isEmpty()) {
          clearTimeout(timer);
          timer = undefined;
        }
      }
    },
    announce(operation, reply) {
      if (reply !== undefined) waiters.resolve(operation, reply);
      else if (waiters.has(operation)) {
        nudged = true;
        schedule(0);
      }
    },
    stop() {
      clearTimeout(timer);
      waiters.rejectAll(new WorkCancelled());
    },
  };
}

interface StoredReply extends OperationKey {
  reply: Uint8Array;
}

async function readReplies<S extends DurableTables>(
  db: Database<S>,
  keys: OperationKey[],
): Promise<StoredReply[]> {
  const column = (name: keyof OperationKey): string[] => keys.map((key) => key[name]);
  const { rows } = await db.read((on) =>
    sql<StoredReply>`select tenant, method, key, reply from operations
      join unnest(${column('tenant')}::text[], ${column('method')}::text[], ${column('key')}::text[])
        as wanted (tenant, method, key) using (tenant, method, key)
      where reply is not null`.execute(engineTables(on)),
  );
  return rows;
}
