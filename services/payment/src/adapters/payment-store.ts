import { appendEvents, once, sameMoment, settle, shareTransactions } from '@millrace/durable';
import type { Database, NewEvent, Operation } from '@millrace/durable';
import { currentTraceparent } from '@millrace/interceptors';
import type { Transaction } from 'kysely';
import type { PaymentName } from '../domain/begin.ts';
import { paymentNotFound } from '../domain/payment-error.ts';
import type { Payment, PaymentAction, PaymentView } from '../domain/payment.ts';
import { isAnswerTo } from '../domain/settle.ts';
import type { PaymentSchema } from '../migrations/schema.ts';
import type { Begun, PaymentStore } from '../use-cases/payment-store.ts';
import { claimPayments, findPayment, insertPayment, lockPayment, replacePayment } from './payment-rows.ts';

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
type Decide = (payment: Payment | undefined) => Payment;

const TOPIC = 'payments';
const ACTIONS: readonly PaymentAction[] = ['authorize', 'capture', 'void', 'refund'];

/**
 * Payments in PostgreSQL. A row is locked while a request or an outcome changes it, so each sees the one before. What comes
 * together is written together, but never two changes of one payment.
 */
export function createPaymentStore({ db, codec, onEvent }: PaymentStoreOptions): PaymentStore {
  const transactions = shareTransactions(db);

  async function begin(tx: Tx, operation: Operation, decide: Decide): Promise<Begun> {
    const name = { tenant: operation.tenant, id: operation.subjectId };
    const begun = await once(tx, operation, async () => {
      const change = await apply(tx, name, decide);
      if (!change.payment.intent) await settle(tx, operation, codec.encode(change.payment));
      return change;
    });
    if (begun.kind === 'first') {
      const { payment, before } = begun.value;
      if (!payment.intent) return { kind: 'answered', reply: payment };
      return { kind: 'undecided', payment, isNew: payment.intent !== before?.intent };
    }
    if (begun.reply) return { kind: 'answered', reply: codec.decode(begun.reply) };
    const payment = await lockKnown(tx, name);
    // Replies are written under the row's lock: one may have been since it was looked for.
    const reply = payment.intent ? undefined : await findReply(tx, operation);
    return reply
      ? { kind: 'answered', reply: codec.decode(reply) }
      : { kind: 'undecided', payment, isNew: false };
  }

  return {
    find: async ({ tenant, id }, options) => {
      const payment = await db.read((reader) => findPayment(reader, id), options);
      return payment?.tenant === tenant ? payment : undefined;
    },
    begin: (operation, decide, options) => {
      const apart = operation.subjectId;
      return transactions.run((tx) => begin(tx, operation, decide), { ...options, apart, kind: 'begin' });
    },
    record: async (payment, change) => {
      const [apart, trace] = [payment.id, currentTraceparent()];
      const work = (tx: Tx) => record(tx, payment, { change, codec, trace });
      const settled = await transactions.run(work, { apart, kind: 'record' });
      onEvent();
      return settled;
    },
    claimUndecided: (options) => db.transaction((tx) => claimPayments(tx, options)),
  };
}

interface Recording {
  change(payment: Payment): Payment;
  codec: PaymentCodec;
  trace: string | undefined;
}

async function record(tx: Tx, known: Payment, { change, codec, trace }: Recording): Promise<Payment> {
  // Mostly nobody has touched it since, which spares the look at it.
  for (let before = known; ; before = await lockKnown(tx, known)) {
    const after = change(before);
    if (after === before) return before;
    if (await replacePayment(tx, { before, after })) {
      await tellOf(tx, after, { payload: codec.encode(after), trace });
      return after;
    }
  }
}

/** Decides on the row while it is locked. Where two requests make the same payment at once, the second decides again. */
async function apply(tx: Tx, name: PaymentName, decide: Decide) {
  for (;;) {
    const before = await lockOwn(tx, name);
    const payment = decide(before);
    const isKept = before
      ? payment === before || (await replacePayment(tx, { before, after: payment }))
      : await insertPayment(tx, payment);
    if (isKept) return { payment, before };
  }
}

/** Throws when the payment is another tenant's. */
async function lockOwn(tx: Tx, { tenant, id }: PaymentName): Promise<Payment | undefined> {
  const payment = await lockPayment(tx, id);
  if (payment && payment.tenant !== tenant) throw paymentNotFound();
  return payment;
}

async function lockKnown(tx: Tx, name: PaymentName): Promise<Payment> {
  const payment = await lockOwn(tx, name);
  if (!payment) throw paymentNotFound();
  return payment;
}

async function findReply(tx: Tx, { tenant, method, key }: Operation): Promise<Uint8Array | undefined> {
  const operation = tx.selectFrom('operations').select('reply').where('tenant', '=', tenant);
  const found = await operation.where('method', '=', method).where('key', '=', key).executeTakeFirst();
  return found?.reply ?? undefined;
}

/** The event, and the reply to every request that the outcome answers. */
async function tellOf(
  tx: Tx,
  payment: Payment,
  { payload, trace }: { payload: Uint8Array; trace: string | undefined },
): Promise<void> {
  const { tenant, id, sequence, status } = payment;
  const event = { topic: TOPIC, aggregateId: id, sequence, type: `payment.${status}`, tenant, payload };
  const answered = ACTIONS.filter((action) => isAnswerTo(action, payment));
  await Promise.all([
    append(tx, { ...event, ...(trace && { trace }) }),
    ...answered.map((method) => settle(tx, { tenant, method, subjectId: id }, payload)),
  ]);
}

const append = sameMoment(async (tx: Tx, events: readonly NewEvent[]): Promise<void[]> => {
  await appendEvents(tx, events);
  return [];
});
