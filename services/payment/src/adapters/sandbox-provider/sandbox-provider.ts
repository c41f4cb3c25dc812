import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@millrace/durable';
import type { PaymentAction } from '../../domain/payment.ts';
import type { Outcome } from '../../domain/settle.ts';
import type { Asking, Charge, PaymentProvider } from '../../use-cases/payment-provider.ts';
import { ProviderError } from '../../use-cases/provider-error.ts';
import { createLedger, refused, type Entry, type Ledger, type NewEntry } from './ledger.ts';
import { behaviourFor } from './magic-amounts.ts';
import type { ProviderSchema } from './schema.ts';

/**
 * A payment provider to develop and test against. It stands for a foreign system: its ledger is its own, on its own
 * connections, and is committed whatever becomes of us. Certain amounts make it misbehave.
 */
export function createSandboxProvider({ db }: { db: Database<ProviderSchema> }): PaymentProvider {
  const ledger = createLedger(db);
  return {
    authorize: (charge, asking) => authorize(ledger, charge, asking),
    capture: (charge, asking) => follow(ledger, 'capture', { charge, asking }),
    void: (charge, asking) => giveUp(ledger, charge, asking),
    refund: (charge, asking) => follow(ledger, 'refund', { charge, asking }),
    lookup: async (asking) => {
      const entry = await ledger.find({ key: asking.key }, asking);
      return entry && toOutcome(entry);
    },
  };
}

async function authorize(ledger: Ledger, charge: Charge, asking: Asking): Promise<Outcome> {
  const { key, signal } = asking;
  const { declines, answersAfterMs, losesAnswer, hasOutage } = behaviourFor(charge.amount?.minor);
  if (hasOutage && (await ledger.isFirst(key, asking))) {
    throw new ProviderError('PROVIDER_UNAVAILABLE', 'the provider is unavailable (503)');
  }
  const outcome = declines ? ({ outcome: 'declined', decline_reason: declines } as const) : {};
  const line = { ...newEntry('authorize', charge, key), charge_reference: `ch_${randomUUID()}`, ...outcome };
  const { entry, isNew } = await ledger.enter(line, asking);
  if (isNew && losesAnswer) await silence(signal);
  if (isNew && answersAfterMs) await delay(answersAfterMs, undefined, { signal });
  return entry.outcome === 'cancelled' ? toOutcome(entry) : toOutcome(expectSame(entry, line));
}

const COMES_AFTER = { capture: 'authorize', refund: 'capture' } as const;

/** A capture after the authorization, or a refund after the capture: once, of the same amount. */
async function follow(
  ledger: Ledger,
  kind: keyof typeof COMES_AFTER,
  { charge, asking }: { charge: Charge; asking: Asking },
) {
  const wanted = { paymentId: charge.paymentId, kind: COMES_AFTER[kind] };
  const before = await ledger.find(wanted, asking);
  if (before?.outcome !== 'approved' || before.amount_minor !== charge.amount?.minor) throw refused(kind);
  const line = { ...newEntry(kind, charge, asking.key), charge_reference: before.charge_reference };
  return approved(expectSame((await ledger.enter(line, asking)).entry, line));
}

/** Gives up the hold. Where there is none, a tombstone takes the place of an authorization that may still come. */
async function giveUp(ledger: Ledger, charge: Charge, asking: Asking) {
  const tombstone = newEntry('authorize', charge, `${charge.paymentId}:cancelled`);
  const { entry: held } = await ledger.enter({ ...tombstone, outcome: 'cancelled' }, asking);
  const line = { ...newEntry('void', charge, asking.key), charge_reference: held.charge_reference };
  return approved(expectSame((await ledger.enter(line, asking)).entry, line));
}

function newEntry(kind: PaymentAction, { paymentId, amount }: Charge, key: string): NewEntry {
  return {
    key,
    kind,
    charge_reference: null,
    payment_id: paymentId,
    amount_minor: amount?.minor ?? null,
    currency: amount?.currency ?? null,
    outcome: 'approved',
    decline_reason: null,
  };
}

/** One effect for a key: the same key for something else, or another key for the same thing, is refused. */
function expectSame(entry: Entry, { key, kind, amount_minor: amount }: NewEntry): Entry {
  if (entry.key !== key || entry.amount_minor !== amount) throw refused(kind);
  return entry;
}

function toOutcome(entry: Entry): Outcome {
  if (entry.outcome === 'approved') return approved(entry);
  return { kind: 'declined', reason: entry.decline_reason ?? 'CANCELLED' };
}

function approved({ charge_reference: reference }: Entry) {
  return { kind: 'approved', reference: reference ?? undefined } as const;
}

/** An answer that got lost on its way: only the caller's own limit ends the wait. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const lose = () => reject(signal.reason as Error);
    if (signal.aborted) lose();
    else signal.addEventListener('abort', lose, { once: true });
  });
}
