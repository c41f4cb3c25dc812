import { columnsOf, createGather, selectRows, type Database } from '@millrace/durable';
import type { Insertable, Selectable } from 'kysely';
import type { PaymentAction } from '../../domain/payment.ts';
import { ProviderError } from '../../use-cases/provider-error.ts';
import type { LedgerTable, ProviderSchema } from './schema.ts';

export type Entry = Selectable<LedgerTable>;
export type NewEntry = Insertable<LedgerTable>;

interface Options {
  readonly signal: AbortSignal;
}

/** What the provider has done, one line each, committed before it answers. */
export interface Ledger {
  /**
   * Writes the entry, or finds the one that the payment has of this kind already. Throws PROVIDER_REFUSED where another
   * kind stands in its way: a capture after a void, or the other way round.
   */
  enter(entry: NewEntry, options: Options): Promise<{ entry: Entry; isNew: boolean }>;
  find(
    by: { key: string } | { paymentId: string; kind: PaymentAction },
    options: Options,
  ): Promise<Entry | undefined>;
  /** True the first time it is asked for a key. */
  isFirst(key: string, options: Options): Promise<boolean>;
}

const COLUMNS = {
  ...{ key: 'text', kind: 'text', charge_reference: 'text', payment_id: 'uuid', amount_minor: 'bigint' },
  ...{ currency: 'text', outcome: 'text', decline_reason: 'text' },
} as const satisfies Record<Exclude<keyof NewEntry, 'created_at'>, string>;

/** Each statement is a transaction of its own, and for all entries that come together. */
export function createLedger(db: Database<ProviderSchema>): Ledger {
  /** The entries that are new, by key. */
  const insert = async (entries: readonly NewEntry[], signal: AbortSignal) => {
    const order = ({ payment_id, kind }: NewEntry) => `${payment_id} ${kind}`;
    const sorted = entries.toSorted((one, other) => order(one).localeCompare(order(other), 'en'));
    const inserted = await db.read(
      (writer) =>
        writer
          .insertInto('provider.ledger')
          .columns(columnsOf(COLUMNS))
          .expression(selectRows(sorted, COLUMNS))
          .onConflict((conflict) => conflict.doNothing())
          .returningAll()
          .execute(),
      { signal },
    );
    const byKey = new Map(inserted.map((entry) => [entry.key, entry]));
    return entries.map(({ key }) => ({ status: 'fulfilled', value: byKey.get(key) }) as const);
  };
  const inserts = createGather<NewEntry, Entry | undefined>({ work: insert, nameOf: ({ key }) => key });

  const find: Ledger['find'] = (by, options) =>
    db.read((reader) => {
      const entries = reader.selectFrom('provider.ledger').selectAll();
      const wanted =
        'key' in by
          ? entries.where('key', '=', by.key)
          : entries.where('payment_id', '=', by.paymentId).where('kind', '=', by.kind);
      return wanted.executeTakeFirst();
    }, options);

  return {
    find,

    async enter(entry, options) {
      const inserted = await inserts.add(entry, options);
      if (inserted) return { entry: inserted, isNew: true };
      const found = await find({ paymentId: entry.payment_id, kind: entry.kind }, options);
      if (!found) throw refused(entry.kind);
      return { entry: found, isNew: false };
    },

    isFirst: (key, options) =>
      db.read(async (writer) => {
        const insert = writer.insertInto('provider.outages').values({ key });
        const result = await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
        return result.numInsertedOrUpdatedRows === 1n;
      }, options),
  };
}

/** The provider's answer to what its ledger forbids. */
export function refused(kind: PaymentAction): ProviderError {
  return new ProviderError('PROVIDER_REFUSED', `the provider refuses to ${kind} this charge`);
}
