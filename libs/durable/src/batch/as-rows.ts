import { sql, type RawBuilder } from 'kysely';

/** The SQL type of each column that is written, by its property. */
export type ColumnTypes<T> = { readonly [K in keyof T]?: string };

/**
 * Rows as a table in a statement, with the properties as columns and `nth`, from 1, in their order:
 * `from ${asRows('fresh', orders, { id: 'uuid', total: 'bigint' })} where fresh.total > 5`. The statement's text is the same for
 * any number of rows, so that the server plans it once.
 */
export function asRows<T extends object>(
  name: string,
  rows: readonly T[],
  types: ColumnTypes<T>,
): RawBuilder<unknown> {
  const arrays = Object.entries<string | undefined>(types).map(([property, type = 'text']) => {
    const values = rows.map((row) => row[property as keyof T] ?? null);
    return sql`${values}::${sql.raw(type)}[]`;
  });
  const columns = [...Object.keys(types), 'nth'].map((column) => sql.ref(column));
  return sql`unnest(${sql.join(arrays)}) with ordinality as ${sql.table(name)} (${sql.join(columns)})`;
}
