import type { Database } from '../../postgres/database.ts';
import type { Logger } from '../../postgres/logger.ts';
import type { ConsumeOptions, Handler } from '../bus.ts';
import type { BusTables } from './bus-tables.ts';
import type { Claimed } from './delivery-store.ts';
import { bury, postpone } from './delivery-store.ts';

export interface ConsumerOptions extends ConsumeOptions {
  db: Database<BusTables>;
  group: string;
  topics: readonly string[];
  handler: Handler;
  pollMs: number;
  logger?: Logger | undefined;
}

export type Handled = { kind: 'done' } | { kind: 'postponed'; delayMs: number } | { kind: 'dead' };

const longestBackoffMs = 30_000;

/**
 * Runs the handler. Rejects only when a failure could not be written: then the event is visible again after its timeout.
 */
export async function handleDelivery(
  { group, handler, visibilityMs = 30_000, ...options }: ConsumerOptions,
  claimed: Claimed,
): Promise<Handled> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error('the visibility timeout is over')), visibilityMs);
  try {
    await handler(claimed.event, { group, attempt: claimed.attempt, signal: over.signal });
    return { kind: 'done' };
  } catch (error) {
    return await writeFailure({ group, ...options }, claimed, error);
  } finally {
    clearTimeout(timer);
  }
}

async function writeFailure(
  { db, group, logger, maxRetries = 8, backoffMs = 200 }: Omit<ConsumerOptions, 'handler'>,
  { id, attempt, event }: Claimed,
  error: unknown,
): Promise<Handled> {
  logger?.warn({ err: error, group, event: event.id, attempt }, 'an event could not be handled');
  const failure = { group, id, attempt, error: describe(error) };
  if (attempt > maxRetries) {
    await db.read((on) => bury(on, failure));
    return { kind: 'dead' };
  }
  const delayMs = Math.random() * Math.min(longestBackoffMs, backoffMs * 2 ** (attempt - 1));
  await db.read((on) => postpone(on, failure, delayMs));
  return { kind: 'postponed', delayMs };
}

const longestError = 500;

function describe(error: unknown): string {
  const { name, message } = error as { name?: unknown; message?: unknown };
  return `${String(name ?? 'Error')}: ${String(message ?? error)}`.slice(0, longestError);
}
