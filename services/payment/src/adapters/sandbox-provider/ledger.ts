import { asRows, createGather, insertRows, type Database } from '@millrace/durable';
import { sql, type Insertable, type Selectable } from 'kysely';
import type { PaymentAction } from '../../domain/payment.ts';
import { ProviderError } from '../../use-cases/provider-error.ts';
import type { LedgerTable, ProviderSchema } from './schema.ts';

export type Entry = Selectable<LedgerTable>;
type Wanted = { paymentId: string; kind: PaymentAction };
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
  find(by: { key: string } | Wanted, options: Options): Promise<Entry | undefined>;
  /** True the first time it is asked for a key. */
  isFirst(key: string, options: Options): Promise<boolean>;
}

const COLUMNS = {
  ...{ key: 'text', kind: 'text', charge_reference: 'text', payment_id: 'uuid', amount_minor: 'bigint' },
  ...{ currency: 'text', outcome: 'text', decline_reason: 'text' },
} as const satisfies Record<Exclude<keyof NewEntry, 'created_at'>, string>;

/** Entries are inserted in this order, so that no two statements wait for each other. */
const placeOf = ({ payment_id: id, kind }: NewEntry) => `${id} ${kind}`;

/** Each statement is a transaction of its own, and for all entries that come together. */
export function createLedger(db: Database<ProviderSchema>): Ledger {
  const inserts = createGather<NewEntry, Entry | undefined>({
    nameOf: ({ key }) => key,
    work: async (entries, signal) => {
      const sorted = entries.toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
      const { rows } = await db.read(
        (writer) =>
          sql<Entry>`${insertRows('provider.ledger', sorted, COLUMNS)} on conflict do nothing returning *`.execute(
            writer,
          ),
        { signal },
      );
      const inserted = new Map(rows.map((entry) => [entry.key, entry]));
      return entries.map(({ key }) => inserted.get(key));
    },
  });
  const finds = createGather<Wanted, Entry | undefined>({
    work: async (wanted, signal) => {
      const { rows } = await db.read(
        (reader) =>
          sql<Entry & { nth: bigint }>`select nth, ledger.* from provider.ledger
            join ${asRows('wanted', wanted, { paymentId: 'uuid', kind: 'text' })}
              on payment_id = wanted."paymentId" and ledger.kind = wanted.kind`.execute(reader),
        { signal },
      );
      const found = new Map(rows.map((entry) => [Number(entry.nth), entry]));
      return wanted.map((_, at) => found.get(at + 1));
    },
  });
  return {
    find: (by, options) => ('key' in by ? findByKey(db, by.key, options) : finds.add(by, options)),

    async enter(entry, options) {
      const inserted = await inserts.add(entry, options);
      if (inserted) return { entry: inserted, isNew: true };
      const found = await finds.add({ paymentId: entry.payment_id, kind: entry.kind }, options);
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

function findByKey(db: Database<ProviderSchema>, key: string, options: Options): Promise<Entry | undefined> {
  return db.read((reader) => {
    const entries = reader.selectFrom('provider.ledger').selectAll();
    return entries.where('key', '=', key).executeTakeFirst();
  }, options);
}

/** The provider's answer to what its ledger forbids. */
export function refused(kind: PaymentAction): ProviderError {
  return new ProviderError('PROVIDER_REFUSED', `the provider refuses to ${kind} this charge`);
}
