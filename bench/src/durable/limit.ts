import { randomUUID } from 'node:crypto';
import type { Database } from '@millrace/durable';
import { sql, type RawBuilder } from 'kysely';
import type { TableRows } from './order-rows.ts';

/** What one order left in one database, and the names in it that every copy needs anew. */
export interface Sample {
  readonly db: Database<unknown>;
  readonly tables: readonly TableRows[];
}

export interface LimitOptions {
  readonly samples: readonly Sample[];
  /** Ids and keys of the sample. */
  readonly names: readonly string[];
  /** Orders in one transaction of each database. */
  readonly batch: number;
  /** Orders in all. */
  readonly orders: number;
}

let positions = 1_000_000_000;

/** A text in an array as PostgreSQL reads it. */
function literal(value: string | null): string {
  return value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** The same rows under other names, for so many orders, as one insert. Everything is written out before the clock runs. */
function copies({ table, columns, rows }: TableRows, names: readonly string[], as: readonly string[][]) {
  const cells = columns.map(({ name }, column) => {
    const texts = as.flatMap((fresh) =>
      rows.map((row) => {
        if (table === 'public.outbox' && name === '"position"') return `${(positions += 1)}`;
        const text = row[column] ?? null;
        return literal(
          names.reduce<string | null>((one, old, at) => one?.replaceAll(old, fresh[at] ?? '') ?? null, text),
        );
      }),
    );
    return `{${texts.join(',')}}`;
  });
  const arrays = columns.map(({ type }, column) => sql`${cells[column]}::${sql.raw(type)}[]`);
  return sql`insert into ${sql.raw(table)} (${sql.raw(columns.map(({ name }) => name).join(', '))})
    select * from unnest(${sql.join(arrays)})`;
}

async function write(
  db: Database<unknown>,
  batches: readonly (readonly RawBuilder<unknown>[])[],
): Promise<void> {
  for (const inserts of batches) {
    await db.transaction(async (tx) => {
      for (const insert of inserts) await insert.execute(tx);
    });
  }
}

/** Orders a second that the server writes when it does nothing else: both databases at once, a writer each. */
export async function measureLimit({ samples, names, batch, orders }: LimitOptions): Promise<number> {
  const as = Array.from({ length: orders }, () => names.map(() => randomUUID() as string));
  const work = samples.map(({ db, tables }) => {
    const batches = Array.from({ length: Math.ceil(orders / batch) }, (_, at) => {
      const fresh = as.slice(at * batch, (at + 1) * batch);
      return tables.map((table) => copies(table, names, fresh));
    });
    return { db, batches };
  });
  const start = performance.now();
  await Promise.all(work.map(({ db, batches }) => write(db, batches)));
  return (orders / (performance.now() - start)) * 1_000;
}
