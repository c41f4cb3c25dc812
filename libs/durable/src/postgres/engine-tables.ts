import type { Kysely, QueryCreator, Transaction } from 'kysely';
import type { DurableTables } from './durable-tables.ts';

/**
 * The same transaction, seen with the engine's tables only. Kysely's types are invariant, so a service's schema that
 * extends DurableTables has to be narrowed by hand, and here is the one place.
 */
export function engineTables<S extends DurableTables>(tx: Transaction<S>): Transaction<DurableTables>;
export function engineTables<S extends DurableTables>(db: Kysely<S>): Kysely<DurableTables>;
export function engineTables<S extends DurableTables>(query: QueryCreator<S>): QueryCreator<DurableTables>;
export function engineTables(db: unknown): unknown {
  return db;
}
