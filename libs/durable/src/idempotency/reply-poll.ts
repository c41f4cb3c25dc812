import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { Logger } from '../postgres/logger.ts';
import type { OperationKey } from './operation.ts';
import type { Waiters } from './waiters.ts';

interface ReplyPoll {
  /** Polls from now on, unless it does already. */
  start(): void;
  /** Does not wait for the next poll. */
  now(): void;
  stop(): void;
}

interface ReplyPollOptions<S extends DurableTables> {
  db: Database<S>;
  waiters: Waiters;
  pollMs: number;
  logger: Logger | undefined;
}

/** One query at a time for all that wait. */
export function createReplyPoll<S extends DurableTables>(options: ReplyPollOptions<S>): ReplyPoll {
  const { db, waiters, pollMs, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let reading = false;
  let again = false;

  const read = async (): Promise<void> => {
    timer = undefined;
    reading = true;
    again = false;
    try {
      for (const { reply, ...key } of await readReplies(db, waiters.keys())) waiters.resolve(key, reply);
    } catch (error) {
      logger?.warn({ err: error }, 'replies could not be read; trying again');
    }
    reading = false;
    if (!waiters.isEmpty()) schedule(again ? 0 : pollMs);
  };
  const schedule = (afterMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void read(), afterMs);
  };
  return {
    start() {
      if (!reading && timer === undefined) schedule(pollMs);
    },
    now() {
      if (reading) again = true;
      else schedule(0);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

interface StoredReply extends OperationKey {
  reply: Uint8Array;
}

async function readReplies<S extends DurableTables>(
  db: Database<S>,
  keys: readonly OperationKey[],
): Promise<StoredReply[]> {
  const column = (name: keyof OperationKey) => sql`${keys.map((key) => key[name])}::text[]`;
  const { rows } = await db.read((on) =>
    sql<StoredReply>`select tenant, method, key, reply from operations
      join unnest(${column('tenant')}, ${column('method')}, ${column('key')}) as wanted (tenant, method, key)
        using (tenant, method, key)
      where reply is not null`.execute(engineTables(on)),
  );
  return rows;
}
