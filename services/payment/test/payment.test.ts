import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PaymentSchema, PaymentStatus as Status } from '@millrace/contracts';
import { createBus, type Event } from '@millrace/durable';
import { Code } from '@millrace/rpc';
import { about, anAuthorize, createPaymentRig, type PaymentClient } from './payment-rig.ts';

type Rig = Awaited<ReturnType<typeof createPaymentRig>>;

let rig: Rig;
/** Two replicas; the second waits for the provider only shortly. */
let client: PaymentClient;
let impatient: PaymentClient;
let grpc: string;
beforeAll(async () => {
  rig = await createPaymentRig();
  ({ client, grpc } = await rig.start());
  ({ client: impatient } = await rig.start({ PROVIDER_TIMEOUT_MS: '1000' }));
});
afterAll(() => rig.close());

const UNKNOWN = { code: Code.UNAVAILABLE, reason: 'UNKNOWN_OUTCOME', retryDelayMs: 200 };

describe('a payment', () => {
  test('is authorized, captured and refunded, and can be read at each step', async () => {
    const request = anAuthorize();
    const { paymentId, orderId } = request;
    const { payment: authorized } = await client.authorize(request);
    expect(authorized).toMatchObject({ id: paymentId, orderId, amount: request.amount, declineReason: '' });
    expect(authorized?.providerReference).toMatch(/^ch_/);
    const steps = [
      [authorized, Status.AUTHORIZED],
      [(await client.capture(about(request))).payment, Status.CAPTURED],
      [(await client.refund(about(request))).payment, Status.REFUNDED],
    ] as const;
    for (const [payment, status] of steps) expect(payment?.status).toBe(status);
    expect((await client.getPayment({ paymentId })).payment).toEqual(steps[2][0]);
    expect(await rig.ledger(request)).toEqual(['authorize approved', 'capture approved', 'refund approved']);
  });

  test('tells of each outcome in an event, in order and without a gap', async () => {
    const request = anAuthorize();
    const { payment } = await client.authorize(request);
    const { payment: voided } = await client.void(about(request));
    const events = await rig.db.read((reader) =>
      reader
        .selectFrom('outbox')
        .selectAll()
        .where('aggregate_id', '=', request.paymentId)
        .orderBy('id')
        .execute(),
    );
    expect(events.map(({ topic, type, sequence, tenant }) => ({ topic, type, sequence, tenant }))).toEqual([
      { topic: 'payments', type: 'payment.authorized', sequence: 1n, tenant: 'acme' },
      { topic: 'payments', type: 'payment.voided', sequence: 2n, tenant: 'acme' },
    ]);
    expect(events.map((event) => fromBinary(PaymentSchema, event.payload))).toEqual([payment, voided]);
    expect(events.map(({ trace }) => trace)).toEqual(
      Array(2).fill(expect.stringMatching(/^00-[0-9a-f]{32}-/)),
    );
  });

  test('has its events published', async () => {
    const request = anAuthorize();
    const bus = await createBus(rig.environment['BUS_URL'] ?? '');
    const heard = Promise.withResolvers<Event>();
    const consumer = bus.consume('test', ['payments'], async (event) => {
      if (event.key === request.paymentId) heard.resolve(event);
    });
    const { payment } = await client.authorize(request);
    const { type, sequence, payload } = await heard.promise;
    expect({ type, sequence }).toEqual({ type: 'payment.authorized', sequence: 1n });
    expect(fromBinary(PaymentSchema, payload)).toEqual(payment);
    await consumer.stop();
    await bus.close();
  });

  test('that nobody knows is not found', async () => {
    const request = anAuthorize();
    const unknown = { code: Code.NOT_FOUND, reason: 'PAYMENT_NOT_FOUND' };
    await expect(client.getPayment(request)).rejects.toMatchObject(unknown);
    await expect(client.capture(about(request))).rejects.toMatchObject(unknown);
    await expect(client.refund(about(request))).rejects.toMatchObject(unknown);
  });

  test('refuses what has no place where it stands, with the reason', async () => {
    const request = anAuthorize();
    await client.authorize(request);
    const refusal = (reason: string) => ({ code: Code.FAILED_PRECONDITION, reason });
    await expect(client.refund(about(request))).rejects.toMatchObject(refusal('PAYMENT_AUTHORIZED'));
    await client.void(about(request));
    await expect(client.capture(about(request))).rejects.toMatchObject(refusal('PAYMENT_VOIDED'));
    const anew = { ...request, idempotencyKey: 'another' };
    await expect(client.authorize(anew)).rejects.toMatchObject(refusal('PAYMENT_VOIDED'));
    expect(await rig.ledger(request)).toEqual(['authorize approved', 'void approved']);
  });

  test('voided before its authorization came is never authorized', async () => {
    const request = anAuthorize();
    const { payment } = await client.void(about(request));
    expect(payment).toMatchObject({ status: Status.VOIDED, orderId: '' });
    const late = client.authorize(request);
    await expect(late).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION, reason: 'PAYMENT_VOIDED' });
    expect((await client.getPayment(request)).payment).toEqual(payment);
    expect(await rig.ledger(request)).toEqual([]);
  });

  test('takes the name of its id in either case', async () => {
    const request = anAuthorize();
    await impatient.authorize({ ...request, paymentId: request.paymentId.toUpperCase() });
    expect((await client.capture(about(request))).payment?.status).toBe(Status.CAPTURED);
  });
});

describe('a repeat', () => {
  test.each(['authorize', 'capture', 'void', 'refund'] as const)(
    'of %s, twenty at once on two replicas, has one effect and one reply',
    async (action) => {
      const request = anAuthorize();
      if (action !== 'authorize') await client.authorize(request);
      if (action === 'refund') await client.capture(about(request));
      const before = await rig.ledger(request);
      const again = action === 'authorize' ? request : about(request);
      const ask = (_: unknown, n: number) => (n % 2 ? client : impatient)[action](again as typeof request);
      const replies = await Promise.all(Array.from({ length: 20 }, ask));
      replies.push(await client[action](again as typeof request));
      for (const reply of replies) expect(reply).toEqual(replies[0]);
      expect(await rig.ledger(request)).toEqual([...before, `${action} approved`]);
    },
  );

  test('gets the first reply, whatever became of the payment', async () => {
    const request = anAuthorize();
    const first = await client.authorize(request);
    await client.capture(about(request));
    expect(await impatient.authorize(request)).toEqual(first);
  });

  test('with another request under its key is refused, except by another tenant', async () => {
    const request = anAuthorize();
    await client.authorize(request);
    const other = { ...anAuthorize(), idempotencyKey: request.idempotencyKey };
    const reused = { code: Code.ALREADY_EXISTS, reason: 'IDEMPOTENCY_KEY_REUSED' };
    await expect(client.authorize(other)).rejects.toMatchObject(reused);
    await expect(
      client.authorize({ ...request, amount: other.amount, orderId: other.orderId }),
    ).rejects.toMatchObject(reused);
    const { payment } = await rig.connect(grpc, { tenant: 'other' }).authorize(other);
    expect(payment?.status).toBe(Status.AUTHORIZED);
  });
});

describe('a provider that', () => {
  test.each([
    [90_000_002n, 'INSUFFICIENT_FUNDS'],
    [90_000_003n, 'CARD_EXPIRED'],
  ])('declines %d: an answer with the reason, and nothing to undo', async (minor, declineReason) => {
    const request = anAuthorize(minor);
    const { payment } = await client.authorize(request);
    expect(payment).toMatchObject({ status: Status.DECLINED, declineReason });
    expect((await client.void(about(request))).payment).toEqual(payment);
    const capture = client.capture(about(request));
    await expect(capture).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      reason: 'PAYMENT_DECLINED',
    });
    expect(await rig.ledger(request)).toEqual(['authorize declined']);
  });

  test('answers late is waited for, and its outcome recorded when the caller has gone', async () => {
    const request = anAuthorize(90_000_005n);
    const hasty = client.authorize(request, { timeoutMs: 200 });
    await expect(hasty).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect((await client.authorize(request)).payment?.status).toBe(Status.AUTHORIZED);
    expect(await rig.ledger(request)).toEqual(['authorize approved']);
  });

  test('loses its answer is asked again with the same key', async () => {
    const request = anAuthorize(90_000_007n);
    await expect(impatient.authorize(request)).rejects.toMatchObject(UNKNOWN);
    expect((await impatient.getPayment(request)).payment?.status).toBe(Status.PENDING);
    expect((await impatient.authorize(request)).payment?.status).toBe(Status.AUTHORIZED);
    expect(await rig.ledger(request)).toEqual(['authorize approved']);
  });

  test('is unavailable is asked again', async () => {
    const request = anAuthorize(90_000_009n);
    const unavailable = { code: Code.UNAVAILABLE, reason: 'PROVIDER_UNAVAILABLE', retryDelayMs: 200 };
    await expect(client.authorize(request)).rejects.toMatchObject(unavailable);
    expect((await client.authorize(request)).payment?.status).toBe(Status.AUTHORIZED);
    expect(await rig.ledger(request)).toEqual(['authorize approved']);
  });
});

describe('a void while the authorization is undecided', () => {
  test('undoes what the provider knows of', async () => {
    const request = anAuthorize(90_000_007n);
    await expect(impatient.authorize(request)).rejects.toMatchObject(UNKNOWN);
    expect((await impatient.void(about(request))).payment?.status).toBe(Status.VOIDED);
    expect((await client.authorize(request)).payment?.status).toBe(Status.AUTHORIZED);
    expect(await rig.ledger(request)).toEqual(['authorize approved', 'void approved']);
  });

  test('keeps away what never arrived there', async () => {
    const request = anAuthorize(90_000_009n);
    await expect(client.authorize(request)).rejects.toMatchObject({ reason: 'PROVIDER_UNAVAILABLE' });
    expect((await client.void(about(request))).payment?.status).toBe(Status.VOIDED);
    await expect(client.authorize(request)).rejects.toMatchObject({ reason: 'PAYMENT_VOIDED' });
    expect(await rig.ledger(request)).toEqual(['authorize cancelled', 'void approved']);
  });

  test('on another replica ends what is under way', async () => {
    const request = anAuthorize(90_000_005n);
    const authorizing = client.authorize(request).catch((error: { reason: string }) => error.reason);
    // The intent is on record as soon as the payment can be read.
    while (
      await impatient.getPayment(request).then(
        () => false,
        () => true,
      )
    );
    expect((await impatient.void(about(request))).payment?.status).toBe(Status.VOIDED);
    await authorizing;
    expect((await client.getPayment(request)).payment?.status).toBe(Status.VOIDED);
    expect((await rig.ledger(request)).at(-1)).toBe('void approved');
  });
});

describe('without anybody who asks again', () => {
  test('the service settles it', async () => {
    const request = anAuthorize(90_000_007n);
    const settled = Promise.withResolvers<object>();
    const log = { debug: () => undefined, warn: () => undefined, error: () => undefined };
    const info = (fields: object | string) => {
      if (typeof fields === 'object' && 'paymentId' in fields) settled.resolve(fields);
    };
    const logger = { ...log, info, child: () => logger };
    const settings = { PROVIDER_TIMEOUT_MS: '200', RESOLVE_AFTER_MS: '100' };
    const { client: alone, app } = await rig.start(settings, { logger });
    await expect(alone.authorize(request)).rejects.toMatchObject(UNKNOWN);
    expect(await settled.promise).toEqual({ paymentId: request.paymentId, status: 'authorized' });
    expect((await alone.getPayment(request)).payment?.status).toBe(Status.AUTHORIZED);
    await app.stop();
  });
});
