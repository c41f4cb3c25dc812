import { sql, type RawBuilder } from 'kysely';
import { asRows, type ColumnTypes } from './as-rows.ts';

/** `insert into table ...` of any number of rows in one statement, in their order. Anything that an insert ends with can follow. */
export function insertRows<T extends object>(
  table: string,
  rows: readonly T[],
  types: ColumnTypes<T>,
): RawBuilder<unknown> {
  const columns = sql.join(Object.keys(types).map((column) => sql.ref(column)));
  return sql`insert into ${sql.table(table)} (${columns})
    select ${columns} from ${asRows('fresh', rows, types)} order by nth`;
}

/** `update table ... where id = ...` of any number of rows in one statement. Hold them first: it goes through them in any order. */
export function updateRows<T extends { id: unknown }>(
  table: string,
  rows: readonly T[],
  types: ColumnTypes<T>,
): RawBuilder<unknown> {
  const { id: _, ...changed } = types as Record<string, string>;
  const set = Object.keys(changed).map((column) => sql`${sql.ref(column)} = ${sql.ref(`fresh.${column}`)}`);
  return sql`update ${sql.table(table)} set ${sql.join(set)} from ${asRows('fresh', rows, types)}
    where ${sql.ref(`${table}.id`)} = fresh.id`;
}
