import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PaymentStatus as Status } from '@millrace/contracts';
import { Code, createBareClient, createTransport, fieldViolations, RpcError } from '@millrace/rpc';
import { PaymentService } from '@millrace/contracts';
import { about, anAuthorize, createPaymentRig, type PaymentClient } from './payment-rig.ts';

type Rig = Awaited<ReturnType<typeof createPaymentRig>>;

let rig: Rig;
let client: PaymentClient;
let grpc: string;
beforeAll(async () => {
  rig = await createPaymentRig();
  ({ client, grpc } = await rig.start());
});
afterAll(() => rig.close());

async function failure(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => new Error('the call went well'),
    (reason: unknown) => reason,
  );
  if (error instanceof RpcError) return error;
  throw error;
}

describe('a request', () => {
  const valid = anAuthorize();
  const money = (currencyCode: string, amountMinor = 1n) => ({ amount: { currencyCode, amountMinor } });

  test.each([
    ['no key', { idempotencyKey: '' }, 'idempotency_key'],
    ['a key too long', { idempotencyKey: 'k'.repeat(129) }, 'idempotency_key'],
    ['no payment id', { paymentId: '' }, 'payment_id'],
    ['a payment id that is no UUID', { paymentId: "1'; drop table payments" }, 'payment_id'],
    ['an order id that is no UUID', { orderId: 'ORDER-1' }, 'order_id'],
    ['no amount', { amount: undefined }, 'amount'],
    ['an amount below zero', money('GBP', -1n), 'amount.amount_minor'],
    ['an amount over the limit', money('GBP', 100_000_000_001n), 'amount.amount_minor'],
    ['a malformed currency', money('gbp'), 'amount.currency_code'],
    ['an unknown currency', money('XXX'), 'amount.currency_code'],
  ])('with %s is refused by the name of the field', async (_, change, field) => {
    const { amount, ...rest } = { ...valid, ...change };
    const error = await failure(client.authorize({ ...rest, ...(amount && { amount }) }));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(fieldViolations(error).map((violation) => violation.field)).toEqual([field]);
  });

  test.each(['capture', 'void', 'refund', 'getPayment'] as const)('to %s names a payment', async (method) => {
    const error = await failure(client[method]({ idempotencyKey: 'k', paymentId: 'none' }));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(fieldViolations(error).map(({ field }) => field)).toEqual(['payment_id']);
  });

  test('that was refused left nothing behind', async () => {
    const { rows, lines } = await rig.db.read(async (reader) => ({
      rows: await reader.selectFrom('payments').select('id').where('id', '=', valid.paymentId).execute(),
      lines: await rig.ledger(valid),
    }));
    expect([rows, lines]).toEqual([[], []]);
  });
});

describe('a caller', () => {
  const changes = ['authorize', 'capture', 'void', 'refund'] as const;

  test.each(changes)('that comes through the gateway cannot %s', async (method) => {
    const admin = rig.connect(grpc, { iss: 'gateway', sub: 'alice', roles: ['admin', 'customer'] });
    const error = await failure(admin[method](anAuthorize()));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'ROLE_MISSING' });
  });

  test('that is an admin can read', async () => {
    const request = anAuthorize();
    await client.authorize(request);
    const admin = rig.connect(grpc, { iss: 'gateway', sub: 'alice', roles: ['admin'] });
    expect((await admin.getPayment(request)).payment?.status).toBe(Status.AUTHORIZED);
    const customer = rig.connect(grpc, { iss: 'gateway', sub: 'carol', roles: ['customer'] });
    expect(await failure(customer.getPayment(request))).toMatchObject({ code: Code.PERMISSION_DENIED });
  });

  test('cannot pass for the order service', async () => {
    const forger = rig.connect(grpc, { iss: 'gateway', roles: ['service:order'] });
    expect(await failure(forger.authorize(anAuthorize()))).toMatchObject({ code: Code.UNAUTHENTICATED });
    const misdirected = rig.connect(grpc, { aud: 'order' });
    expect(await failure(misdirected.authorize(anAuthorize()))).toMatchObject({ code: Code.UNAUTHENTICATED });
  });

  test('without a token is not let in', async () => {
    const transport = createTransport({ address: grpc });
    const nobody = createBareClient(PaymentService, { transport });
    const error = await failure(nobody.getPayment({ paymentId: randomUUID() }));
    await transport.close();
    expect(error).toMatchObject({ code: Code.UNAUTHENTICATED, reason: 'TOKEN_MISSING' });
  });

  test('of another tenant finds nothing and changes nothing', async () => {
    const request = anAuthorize();
    await client.authorize(request);
    const other = rig.connect(grpc, { tenant: 'other' });
    const unknown = { code: Code.NOT_FOUND, reason: 'PAYMENT_NOT_FOUND' };
    expect(await failure(other.getPayment(request))).toMatchObject(unknown);
    for (const method of changes) {
      const asked = method === 'authorize' ? other.authorize(request) : other[method](about(request));
      expect(await failure(asked)).toMatchObject(unknown);
    }
    expect(await rig.ledger(request)).toEqual(['authorize approved']);
  });
});
