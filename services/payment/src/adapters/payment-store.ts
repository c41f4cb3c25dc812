import { appendEvents, once, settle, type Database } from '@millrace/durable';
import { sql, type Transaction } from 'kysely';
import type { PaymentName } from '../domain/begin.ts';
import { paymentNotFound } from '../domain/payment-error.ts';
import type { Payment, PaymentAction, PaymentView } from '../domain/payment.ts';
import { isAnswerTo } from '../domain/settle.ts';
import type { PaymentStore } from '../use-cases/payment-store.ts';
import { fromRow, toRow } from './payment-row.ts';
import type { PaymentSchema } from './schema.ts';

/** The form of a payment in events and stored replies. */
export interface PaymentCodec {
  encode(payment: PaymentView): Uint8Array;
  decode(bytes: Uint8Array): PaymentView;
}

export interface PaymentStoreOptions {
  readonly db: Database<PaymentSchema>;
  readonly codec: PaymentCodec;
  /** Called after a commit that wrote an event. */
  readonly onEvent: () => void;
}

type Tx = Transaction<PaymentSchema>;

const TOPIC = 'payments';
const ACTIONS: readonly PaymentAction[] = ['authorize', 'capture', 'void', 'refund'];

/** Payments in PostgreSQL. The row is locked while a request or an outcome changes it, so each sees the one before. */
export function createPaymentStore({ db, codec, onEvent }: PaymentStoreOptions): PaymentStore {
  async function writeOutcome(tx: Tx, payment: Payment): Promise<void> {
    const { tenant, id, sequence, status } = payment;
    await update(tx, payment);
    const reply = codec.encode(payment);
    const event = {
      topic: TOPIC,
      aggregateId: id,
      sequence,
      type: `payment.${status}`,
      tenant,
      payload: reply,
    };
    await appendEvents(tx, [event]);
    for (const method of ACTIONS.filter((action) => isAnswerTo(action, payment))) {
      await settle(tx, { tenant, method, subjectId: id }, reply);
    }
  }

  return {
    find: ({ tenant, id }, options) =>
      db.read(async (reader) => {
        const row = await reader.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
        return row && row.tenant === tenant ? fromRow(row) : undefined;
      }, options),

    begin: (operation, decide, options) =>
      db.transaction(async (tx) => {
        const begun = await once(tx, operation, async () => {
          const change = await apply(tx, { tenant: operation.tenant, id: operation.subjectId }, decide);
          if (!change.payment.intent) await settle(tx, operation, codec.encode(change.payment));
          return change;
        });
        if (begun.kind === 'repeat') {
          if (begun.reply) return { kind: 'answered', reply: codec.decode(begun.reply) };
          const payment = await lock(tx, { tenant: operation.tenant, id: begun.subjectId });
          if (!payment) throw paymentNotFound();
          return { kind: 'undecided', payment, isNew: false };
        }
        const { payment, before } = begun.value;
        if (!payment.intent) return { kind: 'answered', reply: payment };
        return { kind: 'undecided', payment, isNew: payment.intent !== before?.intent };
      }, options),

    record: async (name, change) => {
      const { payment, changed } = await db.transaction(async (tx) => {
        const before = await lock(tx, name);
        if (!before) throw paymentNotFound();
        const after = change(before);
        if (after !== before) await writeOutcome(tx, after);
        return { payment: after, changed: after !== before };
      });
      if (changed) onEvent();
      return payment;
    },

    claimUndecided: ({ idleMs, limit }) =>
      db.transaction(async (tx) => {
        const idle = tx
          .selectFrom('payments')
          .select('id')
          .where('intent', 'is not', null)
          .where('intent_at', '<', sql<Date>`now() - ${idleMs} * interval '1 millisecond'`)
          .orderBy('intent_at')
          .limit(limit)
          .forUpdate()
          .skipLocked();
        const claimed = tx
          .updateTable('payments')
          .set({ intent_at: sql`now()` })
          .where('id', 'in', idle);
        return (await claimed.returningAll().execute()).map(fromRow);
      }),
  };
}

/** Decides on the row as it is while locked. Where two requests make the same payment, the second decides again. */
async function apply(tx: Tx, name: PaymentName, decide: (payment: Payment | undefined) => Payment) {
  for (;;) {
    const before = await lock(tx, name);
    const payment = decide(before);
    if (payment === before) return { payment, before };
    if (before) {
      await update(tx, payment);
      return { payment, before };
    }
    if (await insert(tx, payment)) return { payment, before };
  }
}

async function lock(tx: Tx, { tenant, id }: PaymentName): Promise<Payment | undefined> {
  const row = await tx.selectFrom('payments').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row && row.tenant !== tenant) throw paymentNotFound();
  return row && fromRow(row);
}

async function insert(tx: Tx, payment: Payment): Promise<boolean> {
  const row = { ...toRow(payment), intent_at: sql<Date>`now()` };
  const inserted = tx
    .insertInto('payments')
    .values(row)
    .onConflict((conflict) => conflict.doNothing());
  return (await inserted.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows === 1n;
}

async function update(tx: Tx, payment: Payment): Promise<void> {
  const { id, ...row } = toRow(payment);
  await tx
    .updateTable('payments')
    .set({ ...row, intent_at: sql`now()` })
    .where('id', '=', id)
    .execute();
}
