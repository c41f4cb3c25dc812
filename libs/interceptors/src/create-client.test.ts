import { afterEach, expect, test } from '@jest/globals';
import { createPolicyTable } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createTransport, implement, type RpcServer } from '@millrace/rpc';
import { echo } from '@millrace/rpc/testing';
import { createClient } from './create-client.ts';
import { createServer, type ServerOptions } from './create-server.ts';
import { failureOf } from './testing/answers.ts';
import { fakeLogger } from './testing/fake-logger.ts';

const tester = { subject: 'ada', tenant: 'shop', roles: ['tester'] };
const services = [implement(EchoService, echo)];

let server: RpcServer;
afterEach(() => server.close({ graceMs: 0 }));

async function serve(options: Partial<ServerOptions> = {}): Promise<string> {
  server = createServer({ services, logger: fakeLogger(), ...options });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return `127.0.0.1:${port}`;
}

test('a client and a server with nothing but an address and a service speak through the whole chain', async () => {
  const address = await serve({ auth: () => Promise.resolve(tester) });
  await using client = createClient(EchoService, { address });
  expect(await client.echo({ text: 'hello' })).toMatchObject({ text: 'hello' });
  const failure = await failureOf(client.echo({ text: 'x'.repeat(101) }));
  expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'INVALID_FIELD' });
});

test('a server that was not told whom to believe believes nobody', async () => {
  const address = await serve();
  await using client = createClient(EchoService, { address });
  const failure = await failureOf(client.echo({ text: 'hello' }));
  expect(failure).toMatchObject({ code: Code.UNAUTHENTICATED });
});

test("a client's own policies reach its chain", async () => {
  const hanging = { ...echo, echo: () => new Promise<never>(() => undefined) };
  const address = await serve({
    auth: () => Promise.resolve(tester),
    services: [implement(EchoService, hanging)],
  });
  const policies = createPolicyTable([EchoService], {
    'millrace.test.v1.EchoService/Echo': { deadlineMs: 20 },
  });
  await using client = createClient(EchoService, { address, policies });
  expect(await failureOf(client.echo({ text: 'hello' }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test('closing a client ends a transport of its own, and leaves one that others use', async () => {
  const address = await serve({ auth: () => Promise.resolve(tester) });
  const transport = createTransport({ address });
  const first = createClient(EchoService, { transport });
  await first[Symbol.asyncDispose]();
  expect(await first.echo({ text: 'still' })).toMatchObject({ text: 'still' });
  await transport.close();
  const own = createClient(EchoService, { address });
  await own[Symbol.asyncDispose]();
  expect(await failureOf(own.echo({ text: 'late' }))).toMatchObject({
    code: Code.UNAVAILABLE,
    sent: 'never',
  });
});
