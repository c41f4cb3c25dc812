import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { OrderService, OrderStatus } from '@millrace/contracts';
import { Code, createBareClient, createTransport, type ClientTls, type Transport } from '@millrace/rpc';
import { createTestAuthority, createTlsFolder, type TlsFolder } from '@millrace/rpc/testing';
import { startScratchSystem, type ScratchSystem } from './support/scratch-system.ts';

// A whole system starts here; a busy machine needs its time.
jest.setTimeout(120_000);

const authority = createTestAuthority();
const transports: Transport[] = [];
let files: TlsFolder;
let system: ScratchSystem;

beforeAll(async () => {
  files = createTlsFolder(authority.issue({ name: 'millrace', ips: ['127.0.0.1'] }), authority.cert);
  system = await startScratchSystem({
    TLS_CERT_FILE: files.certFile,
    TLS_KEY_FILE: files.keyFile,
    TLS_CA_FILE: files.caFile,
    TLS_CLIENT_CA_FILE: files.caFile,
  });
});
afterAll(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  await system?.stop();
  files?.[Symbol.dispose]();
  expect(system?.deaths).toEqual([]);
});

function clientOf(tls?: ClientTls) {
  const transport = createTransport({ address: system.addresses.grpc, tls });
  transports.push(transport);
  return createBareClient(OrderService, { transport });
}

const order = {
  ...{ idempotencyKey: 'by-mutual-tls', currencyCode: 'GBP' },
  lines: [{ sku: 'MUG', quantity: 1 }],
};

test('an order goes its whole way where every service shows its certificate to the next', async () => {
  const metadata = { authorization: `Bearer ${await system.token('ada', 'customer')}` };
  const placed = await clientOf(files).placeOrder(order, { metadata });
  expect(placed.order).toMatchObject({ status: OrderStatus.CONFIRMED });
});

test.each([
  ['without a certificate', () => ({ caFile: files.caFile })],
  ['in plain text', () => undefined],
])('nobody gets in %s, whatever the token', async (_name, tls) => {
  const metadata = { authorization: `Bearer ${await system.token('ada', 'customer')}` };
  const failure = clientOf(tls()).placeOrder(order, { metadata });
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
});
