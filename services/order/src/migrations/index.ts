import { durableMigrations } from '@millrace/durable';
import type { Migration } from 'kysely/migration';
import { orders } from './0001-orders.ts';
import { exampleProducts } from './0002-example-products.ts';

/** All of the order database's migrations; they run in the order of their names. */
export const migrations: Record<string, Migration> = {
  ...durableMigrations,
  '0001-orders': orders,
  '0002-example-products': exampleProducts,
};
