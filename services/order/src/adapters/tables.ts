import { CamelCasePlugin, type Kysely, type Transaction } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';

type Tables = Pick<OrderSchema, 'orders' | 'orderLines' | 'products'>;

const camelCase = new CamelCasePlugin();

/** Our own tables, in the names of the domain. What is written in raw SQL keeps the names of the database. */
export function tables(db: Kysely<OrderSchema> | Transaction<OrderSchema>): Kysely<Tables> {
  return db.withPlugin(camelCase) as unknown as Kysely<Tables>;
}
