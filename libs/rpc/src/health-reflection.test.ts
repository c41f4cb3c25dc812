import { expect, test } from '@jest/globals';
import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { Code } from './index.ts';
import { createRig, frame, rawCall } from './testing.ts';

type Status = { status: string };
type Callback = (error: { code: number } | null, reply?: Status) => void;
interface HealthClient {
  check(request: { service: string }, callback: Callback): void;
  watch(request: { service: string }): AsyncIterable<Status>;
  close(): void;
}

/** A client by grpc-js alone: what a stranger uses. */
function healthClient(address: string): HealthClient {
  const HealthClient = makeClientConstructor(service, 'Health');
  return new HealthClient(address, credentials.createInsecure()) as unknown as HealthClient;
}

function check(client: HealthClient, service: string): Promise<string | number> {
  return new Promise((resolve) => {
    client.check({ service }, (error, reply) => resolve(error?.code ?? reply?.status ?? ''));
  });
}

test('health is known for the server and for each service, without any interceptor', async () => {
  await using rig = await createRig({ server: [() => Promise.reject(new Error('no entry'))] });
  const client = healthClient(rig.address);
  expect(await check(client, '')).toBe('SERVING');
  expect(await check(client, 'millrace.test.v1.EchoService')).toBe('SERVING');
  expect(await check(client, 'no.such.Service')).toBe(Code.NOT_FOUND);
  rig.server.setServing(false);
  expect(await check(client, '')).toBe('NOT_SERVING');
  client.close();
});

test('whoever watches health hears of the end, and does not delay it', async () => {
  await using rig = await createRig();
  const client = healthClient(rig.address);
  const seen: string[] = [];
  let closed: Promise<void> | undefined;
  try {
    for await (const { status } of client.watch({ service: '' })) {
      seen.push(status);
      closed ??= rig.server.close({ graceMs: 10_000 });
    }
  } catch (error) {
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
  }
  await closed;
  expect(seen[0]).toBe('SERVING');
  client.close();
});

const PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
/** `list_services: ""` */
const LIST = frame(Buffer.from([0x3a, 0]));

test('reflection lists the services where it is on', async () => {
  await using rig = await createRig({ reflection: true });
  const { headers, body } = await rawCall({ address: rig.address, path: PATH, body: LIST });
  expect(headers['grpc-status']).toBe('0');
  expect(body.toString('latin1')).toContain('millrace.test.v1.EchoService');
});

test('reflection gives the file of a service that has map fields', async () => {
  await using rig = await createRig({ reflection: true });
  const symbol = Buffer.from('millrace.test.v1.EchoService');
  // file_containing_symbol
  const body = frame(Buffer.concat([Buffer.from([0x22, symbol.length]), symbol]));
  const answer = await rawCall({ address: rig.address, path: PATH, body });
  expect(answer.headers['grpc-status']).toBe('0');
  expect(answer.body.toString('latin1')).toContain('CountsEntry');
});

test('reflection is off unless it is asked for', async () => {
  await using rig = await createRig();
  const { headers } = await rawCall({ address: rig.address, path: PATH, body: LIST });
  expect(headers['grpc-status']).toBe(String(Code.UNIMPLEMENTED));
});
