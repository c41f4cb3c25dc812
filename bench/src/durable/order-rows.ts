import type { Database } from '@millrace/durable';
import { sql } from 'kysely';

/** One table's part of an order: its columns, and the rows that the order left in it, by column and as text. */
export interface TableRows {
  /** With its schema, quoted. */
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

interface Column {
  table: string;
  name: string;
  type: string;
}

/** Every column that an insert can name, of every table of the services; in the order in which tables refer to each other. */
async function readColumns(db: Database<unknown>): Promise<Map<string, Column[]>> {
  const { rows } = await db.read((on) =>
    sql<Column>`select format('%I.%I', nspname, relname) as table, format('%I', attname) as name,
        format_type(atttypid, atttypmod) as type
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace join pg_attribute on attrelid = pg_class.oid
      where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema') and attnum > 0
        and not attisdropped and attidentity = ''
      order by exists (select from pg_constraint where conrelid = pg_class.oid and contype = 'f'), relname, attnum`.execute(
      on,
    ),
  );
  return Map.groupBy(rows, ({ table }) => table);
}

/** Everything that stands in a database about an order: each row of each table that names it or its payment. */
export async function readOrderRows(db: Database<unknown>, ids: readonly string[]): Promise<TableRows[]> {
  const found: TableRows[] = [];
  for (const [table, columns] of await readColumns(db)) {
    const texts = sql.join(columns.map(({ name }) => sql`${sql.raw(name)}::text`));
    const { rows } = await db.read((on) =>
      sql<{ texts: (string | null)[] }>`select array[${texts}] as texts from ${sql.raw(table)} as row
        where row::text like any (${ids.map((id) => `%${id}%`)})`.execute(on),
    );
    if (rows.length > 0) found.push({ table, columns, rows: rows.map((row) => row.texts) });
  }
  return found;
}

/** Id, payment and key of an order of two lines, the average, to be copied. */
export async function readNames(orders: Database<unknown>): Promise<string[]> {
  const { rows } = await orders.read((on) =>
    sql<{
      id: string;
      payment: string;
      key: string;
    }>`select orders.id, payment_id as payment, key::jsonb ->> 1 as key
      from orders join operations on subject_id = orders.id::text and method = 'PlaceOrder'
      where orders.status = 'CONFIRMED' and (select count(*) from order_lines where order_id = orders.id) = 2
      order by orders.created_at desc limit 1`.execute(on),
  );
  const [found] = rows;
  if (!found) throw new Error('no order to copy');
  return [found.id, found.payment, found.key];
}
