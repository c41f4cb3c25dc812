import { durableMigrations } from '@millrace/durable';
import { sandboxProviderMigrations } from '../adapters/sandbox-provider/migrations.ts';
import * as payments from './0001-payments.ts';

/** Everything in the payments database, in order. A migration that was released is never changed: add another. */
export const migrations = {
  ...durableMigrations,
  '0001-payments': payments,
  ...sandboxProviderMigrations,
};
