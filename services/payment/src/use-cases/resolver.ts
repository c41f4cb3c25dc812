import { setTimeout as delay } from 'node:timers/promises';
import type { Payment } from '../domain/payment.ts';
import type { PaymentStore } from './payment-store.ts';
import type { SettlePayment } from './settle-payment.ts';

export interface ResolverOptions {
  readonly payments: PaymentStore;
  readonly settle: SettlePayment;
  readonly logger: Record<'info' | 'warn', (fields: object, message: string) => void>;
  /** A payment is taken up when nobody has worked on it for this long, and again after as long. */
  readonly idleMs: number;
}

export interface Resolver {
  start(): void;
  /** Finishes the payments it is at. */
  stop(): Promise<void>;
}

const BATCH = 50;

/** Settles what a crash or a silent provider left undecided, should nobody ask again. */
export function createResolver({ payments, settle, logger, idleMs }: ResolverOptions): Resolver {
  const stopping = new AbortController();
  let running = Promise.resolve();

  async function resolve(payment: Payment): Promise<void> {
    try {
      let current = payment;
      while (current.intent) current = await settle(current);
      logger.info({ paymentId: payment.id, status: current.status }, 'an undecided payment is settled');
    } catch (err) {
      logger.warn({ paymentId: payment.id, intent: payment.intent, err }, 'a payment is still undecided');
    }
  }

  async function round(): Promise<void> {
    try {
      await Promise.all((await payments.claimUndecided({ idleMs, limit: BATCH })).map(resolve));
    } catch (err) {
      logger.warn({ err }, 'undecided payments cannot be read');
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await round();
      await delay(idleMs / 2, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    start: () => void (running = run()),
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
