import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PaymentStatus as Status } from '@millrace/contracts';
import { Code } from '@millrace/rpc';
import { sql } from 'kysely';
import { about, anAuthorize, createPaymentRig } from './payment-rig.ts';
import { openDoor } from './tcp-door.ts';

type Rig = Awaited<ReturnType<typeof createPaymentRig>>;

let rig: Rig;
beforeAll(async () => {
  rig = await createPaymentRig();
});
afterAll(() => rig.close());

describe('killed between the charge and its record', () => {
  test('it knows after a restart what it charged, and charges nothing twice', async () => {
    const request = anAuthorize(90_000_005n);
    const first = await rig.spawn();
    await rig.db.transaction((tx) => tellOfCharges(tx));
    const charged = Promise.withResolvers<void>();
    const stopListening = rig.db.listen(
      'charged',
      (payload) => payload === request.paymentId && charged.resolve(),
    );
    const lost = first.client.authorize(request);
    const failed = expect(lost).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    await charged.promise;
    stopListening();
    await first.kill();
    await failed;
    expect(await rig.ledger(request)).toEqual(['authorize approved']);

    const second = await rig.spawn();
    const { client } = second;
    expect((await client.getPayment(request)).payment?.status).toBe(Status.PENDING);
    expect((await client.authorize(request)).payment?.status).toBe(Status.AUTHORIZED);
    expect((await client.capture(about(request))).payment?.status).toBe(Status.CAPTURED);
    expect(await rig.ledger(request)).toEqual(['authorize approved', 'capture approved']);
    expect(await second.stop()).toBe(0);
  }, 60_000);
});

describe('stopped', () => {
  test('it finishes what runs, and is not ready from the first moment on', async () => {
    const { app, client, ops } = await rig.start();
    expect((await fetch(`${ops}/readyz`)).status).toBe(200);
    const request = anAuthorize(90_000_005n);
    const running = client.authorize(request);
    while (
      await client.getPayment(request).then(
        () => false,
        () => true,
      )
    );
    const stopping = app.stop();
    expect((await fetch(`${ops}/readyz`)).status).toBe(503);
    expect((await running).payment?.status).toBe(Status.AUTHORIZED);
    await stopping;
    await expect(fetch(`${ops}/readyz`)).rejects.toThrow();
  });
});

describe('without its database', () => {
  test('it says so and when to come back', async () => {
    const door = await openDoor(new URL(rig.environment['DATABASE_URL'] ?? ''));
    const url = Object.assign(new URL(rig.environment['DATABASE_URL'] ?? ''), { port: String(door.port) });
    const { client, app } = await rig.start({ DATABASE_URL: url.href });
    const request = anAuthorize();
    await client.authorize(request);
    door.shut();
    const unavailable = { code: Code.UNAVAILABLE, reason: 'DATABASE_UNAVAILABLE', retryDelayMs: 500 };
    await expect(client.getPayment(request)).rejects.toMatchObject(unavailable);
    await expect(client.authorize(request)).rejects.toMatchObject(unavailable);
    await expect(client.capture(about(request))).rejects.toMatchObject(unavailable);
    await app.stop();
    expect(await rig.ledger(request)).toEqual(['authorize approved']);
  });

  test('it does not start', async () => {
    const closed = await openDoor(new URL('tcp://127.0.0.1:1'));
    closed.shut();
    const start = rig.start({ DATABASE_URL: `postgres://nobody@127.0.0.1:${closed.port}/payments` });
    await expect(start).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
  });
});

describe('with settings it cannot use, it names', () => {
  test.each([
    ['GRPC_PORT', 'fifty'],
    ['GRPC_PORT', '70000'],
    ['DATABASE_URL', 'mysql://localhost/payments'],
    ['DATABASE_URL', ''],
    ['BUS_URL', 'kafka://localhost'],
    ['KEYS_DIR', ''],
    ['LOG_LEVEL', 'loud'],
    ['PROVIDER_TIMEOUT_MS', '-1'],
  ])('%s=%s', async (variable, value) => {
    await expect(rig.start({ [variable]: value })).rejects.toThrow(
      new RegExp(`invalid configuration: ${variable} `),
    );
  });

  test('a folder without keys', async () => {
    const dir = join(rig.environment['KEYS_DIR'] ?? '', 'none');
    await expect(rig.start({ KEYS_DIR: dir })).rejects.toThrow(/public\.jwks\.json/);
  });

  test.each(['GRPC_PORT', 'OPS_PORT'])('a port that is taken, %s', async (setting) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const start = rig.start({ [setting]: String(port) });
    await expect(start).rejects.toThrow(`port ${port} (${setting}) is already in use`);
    server.close();
  });

  test('all of them in one line of its log, and ends with 78', async () => {
    const failed = rig.spawn({ LOG_LEVEL: 'info', GRPC_PORT: 'x', BUS_URL: 'y' });
    await expect(failed).rejects.toThrow(/ended with 78.*GRPC_PORT expected.*BUS_URL expected/);
  });
});

/** The test hears of a line in the ledger as soon as it is committed. */
async function tellOfCharges(tx: Parameters<Parameters<Rig['db']['transaction']>[0]>[0]): Promise<void> {
  await sql`create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('charged', new.payment_id::text); return new; end $$`.execute(tx);
  await sql`create trigger tell after insert on provider.ledger for each row execute function tell()`.execute(
    tx,
  );
}
