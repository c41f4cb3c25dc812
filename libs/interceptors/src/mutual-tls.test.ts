import { rmSync } from 'node:fs';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { PaymentService } from '@millrace/contracts';
import { Code, createTransport, implement, type Context, type Principal } from '@millrace/rpc';
import { createTestAuthority, createTlsFolder, type TlsFolder } from '@millrace/rpc/testing';
import { createClient } from './create-client.ts';
import { createServer } from './create-server.ts';
import { failureOf } from './testing/answers.ts';
import { fakeLogger } from './testing/fake-logger.ts';
import { testKeys } from './testing/test-keys.ts';
import { createVerifier } from './tokens/create-verifier.ts';
import { serviceCredentials } from './tokens/service-credentials.ts';
import { spiffeServices } from './tokens/service-certificates.ts';
import type { Authenticate } from './auth.ts';

const PAYMENT_ID = '0198c0de-0000-7000-8000-000000000001';
const REFUND = { idempotencyKey: 'k', paymentId: PAYMENT_ID };
const authority = createTestAuthority();
const keys = testKeys('order', 'gateway');
const logger = fakeLogger();

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => rmSync(keys.dir, { recursive: true }));

function folderOf(service: string, trustDomain = 'millrace.example'): TlsFolder {
  const uris = [`spiffe://${trustDomain}/service/${service}`];
  const folder = createTlsFolder(
    authority.issue({ name: service, uris, ips: ['127.0.0.1'] }),
    authority.cert,
  );
  closing.push(() => folder[Symbol.dispose]());
  return folder;
}

/** The payment service, by its proto; it notes who asked. */
async function startPayment(auth?: Authenticate) {
  const seen: (Principal | undefined)[] = [];
  const answer = async (_request: unknown, call: { readonly context: Context }) => {
    seen.push(call.context.principal);
    return {};
  };
  const handlers = { authorize: answer, capture: answer, void: answer, refund: answer, getPayment: answer };
  const { certFile, keyFile, caFile } = folderOf('payment');
  const server = createServer({
    services: [implement(PaymentService, handlers)],
    tls: { certFile, keyFile, clientCaFile: caFile },
    logger,
    ...(auth && { auth }),
  });
  closing.push(() => server.close({ graceMs: 0 }));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const clientOf = (folder: TlsFolder, tokensOf?: string) => {
    const transport = createTransport({ address: `127.0.0.1:${port}`, tls: folder });
    closing.push(() => transport.close());
    const issuer = tokensOf ?? '';
    return createClient(PaymentService, {
      transport,
      logger,
      ...(tokensOf && {
        credentials: serviceCredentials({
          issuer,
          keyFile: keys.keyFile(issuer),
          audience: 'payment',
          asItself: true,
        }),
      }),
    });
  };
  return { seen, clientOf };
}

test('a service is let in by its certificate, where its role is asked for', async () => {
  const { seen, clientOf } = await startPayment();
  await clientOf(folderOf('order')).refund(REFUND);
  expect(seen).toEqual([{ subject: 'order', tenant: 'default', roles: ['service:order'], actor: 'order' }]);
});

test('a good certificate of the wrong service is turned away by the policy of the proto', async () => {
  const { seen, clientOf } = await startPayment();
  const error = await failureOf(clientOf(folderOf('gateway')).refund(REFUND));
  expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'ROLE_MISSING' });
  expect(seen).toEqual([]);
});

test('a good certificate that names no service is nobody', async () => {
  const { clientOf } = await startPayment();
  const folder = createTlsFolder(authority.issue({ name: 'order', dnsNames: ['order'] }), authority.cert);
  closing.push(() => folder[Symbol.dispose]());
  const error = await failureOf(clientOf(folder).refund(REFUND));
  expect(error).toMatchObject({ code: Code.UNAUTHENTICATED, reason: 'CERTIFICATE_MISSING' });
});

test('a token that was stolen is worth nothing on the connection of another service', async () => {
  const { clientOf } = await startPayment(
    createVerifier({
      ...{ keySetFile: keys.keySetFile, issuers: ['order', 'gateway'], audience: 'payment' },
      certificates: spiffeServices('millrace.example'),
    }),
  );
  await clientOf(folderOf('order'), 'order').refund(REFUND);
  await clientOf(folderOf('order')).refund(REFUND);
  const stolen = await failureOf(clientOf(folderOf('gateway'), 'order').refund(REFUND));
  expect(stolen).toMatchObject({ code: Code.UNAUTHENTICATED, reason: 'CERTIFICATE_MISMATCH' });
  const foreign = await failureOf(clientOf(folderOf('order', 'evil.example')).refund(REFUND));
  expect(foreign).toMatchObject({ code: Code.UNAUTHENTICATED, reason: 'TOKEN_MISSING' });
});
