import { CamelCasePlugin, type Kysely } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';

const camelCase = new CamelCasePlugin();

/** Our own tables by the names of the domain. What is written in raw SQL keeps the names of the database. */
export function tables(db: Kysely<OrderSchema>): Kysely<OrderSchema> {
  return db.withPlugin(camelCase);
}
