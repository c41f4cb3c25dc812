import { sql, type RawBuilder } from 'kysely';

/**
 * Rows as a table in a statement: `from ${asRows(rows, { id: 'uuid', total: 'bigint' })} as row (id, total, nth)`; the types
 * are SQL's, `nth` counts from 1 in their order. The statement's text is the same for any number of rows, so that the server
 * plans it once.
 */
export function asRows<T extends object>(
  rows: readonly T[],
  types: { readonly [K in keyof T]?: string },
): RawBuilder<unknown> {
  const columns = Object.entries<string | undefined>(types).map(([name, type = 'text']) => {
    const values = rows.map((row) => row[name as keyof T] ?? null);
    return sql`${values}::${sql.raw(type)}[]`;
  });
  return sql`unnest(${sql.join(columns)}) with ordinality`;
}
