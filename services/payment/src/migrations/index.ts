import type { Migration } from 'kysely/migration';
import * as payments from './0001-payments.ts';

/** In order. A migration that was released is never changed: add another. */
export const migrations: Record<string, Migration> = {
  '0001-payments': payments,
};
