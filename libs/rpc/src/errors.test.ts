import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { CatalogService, type CallKind } from '@millrace/contracts';
import { badRequest, Code, createBareClient, fieldViolations, RpcError, type Interceptor } from './index.ts';
import { createRig, frame, rawCall, type RigOptions } from './testing.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const ECHO = '/millrace.test.v1.EchoService/Echo';
const BAD_BYTES = frame(Buffer.from([0x0a, 0x7f, 1]));

function throwing(error: unknown): RigOptions {
  const fail = (): never => {
    throw error;
  };
  return {
    handlers: {
      echo: () => Promise.reject(error as Error),
      collect: () => Promise.reject(error as Error),
      async *expand() {
        yield fail();
      },
      async *chat() {
        yield fail();
      },
    },
  };
}

test.each(KINDS)('%s: an RpcError arrives with everything it carries', async (kind) => {
  const error = new RpcError(Code.FAILED_PRECONDITION, 'nö, 100 %', {
    reason: 'NOT_NOW',
    retryDelayMs: 1_500,
    retried: true,
    details: badRequest([{ field: 'lines[0].sku', description: 'unknown', reason: 'UNKNOWN' }]).details,
  });
  await using rig = await createRig(throwing(error));
  const failure = (await rig.call(kind).catch((reason: unknown) => reason)) as RpcError;
  expect(failure).toBeInstanceOf(RpcError);
  expect(failure).toMatchObject({
    code: Code.FAILED_PRECONDITION,
    message: 'nö, 100 %',
    reason: 'NOT_NOW',
    retryDelayMs: 1_500,
    retried: true,
    sent: 'maybe',
  });
  expect(fieldViolations(failure)).toMatchObject([{ field: 'lines[0].sku', description: 'unknown' }]);
});

test.each(KINDS)('%s: what a handler throws by accident stays inside', async (kind) => {
  await using rig = await createRig(throwing(new Error('password=hunter2 at /srv/app.ts')));
  const failure = rig.call(kind);
  await expect(failure).rejects.toMatchObject({ code: Code.INTERNAL, message: 'internal error' });
});

test.each(KINDS)('%s: the caller knows that it was refused before any work', async (kind) => {
  const full = new RpcError(Code.RESOURCE_EXHAUSTED, 'full', { sent: 'refused', retryDelayMs: 5 });
  await using rig = await createRig({ server: [() => Promise.reject(full)] });
  await expect(rig.call(kind)).rejects.toMatchObject({ sent: 'refused', retryDelayMs: 5 });
});

test.each(['refused', 'never'] as const)(
  'a call that a handler made was %s, its own was not',
  async (sent) => {
    for (const kind of KINDS) {
      await using rig = await createRig(throwing(new RpcError(Code.UNAVAILABLE, 'full', { sent })));
      await expect(rig.call(kind)).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
    }
  },
);

test.each(KINDS)('%s: an interceptor refuses before any headers', async (kind) => {
  const refuse: Interceptor = () => Promise.reject(new RpcError(Code.UNAUTHENTICATED, 'who are you?'));
  await using rig = await createRig({ server: [refuse] });
  await expect(rig.call(kind)).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
});

test('a handler that throws at once, without a promise, is no different', async () => {
  await using rig = await createRig({
    handlers: {
      echo: () => {
        throw new RpcError(Code.NOT_FOUND, 'gone');
      },
      expand: () => {
        throw new RpcError(Code.NOT_FOUND, 'gone');
      },
    },
  });
  await expect(rig.call('unary')).rejects.toMatchObject({ code: Code.NOT_FOUND });
  await expect(rig.call('serverStream')).rejects.toMatchObject({ code: Code.NOT_FOUND });
});

test.each([1, 16, 200])(
  '%d messages before the failure of a stream are read, then the failure',
  async (count) => {
    await using rig = await createRig({
      handlers: {
        async *expand() {
          for (let index = 0; index < count; index++) yield { index };
          throw new RpcError(Code.DATA_LOSS, 'torn');
        },
      },
    });
    const reader = rig.client.expand({})[Symbol.asyncIterator]();
    for (let index = 0; index < count; index++) {
      expect(await reader.next()).toMatchObject({ value: { index } });
      await setImmediate();
    }
    await expect(reader.next()).rejects.toMatchObject({ code: Code.DATA_LOSS });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  },
);

test.each([
  ['half a surrogate pair', 'x\ud800', 'x\ufffd'],
  ['a long text', 'x'.repeat(100_000), 'x'.repeat(1024)],
])('%s as a message does not break the answer', async (_name, message, expected) => {
  await using rig = await createRig(throwing(new RpcError(Code.ABORTED, message)));
  await expect(rig.call('unary')).rejects.toMatchObject({ code: Code.ABORTED, message: expected });
});

test('details that no header holds are left out', async () => {
  const violations = Array.from({ length: 1_000 }, (_, index) => ({
    field: `lines[${index}].quantity`,
    description: 'must be positive',
  }));
  await using rig = await createRig(throwing(badRequest(violations)));
  const failure = (await rig.call('unary').catch((reason: unknown) => reason)) as RpcError;
  expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'INVALID_FIELD' });
  expect(failure.message).toContain('lines[0].quantity');
});

test('a method that nobody has is UNIMPLEMENTED, and so is one without a handler', async () => {
  await using rig = await createRig({ handlers: { echo: undefined as never } });
  await expect(rig.call('unary')).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  const stranger = createBareClient(CatalogService, { transport: rig.transport });
  await expect(stranger.listProducts({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
});

test.each([
  ['Echo', Code.INVALID_ARGUMENT],
  ['Collect', Code.INVALID_ARGUMENT],
  ['Expand', Code.INVALID_ARGUMENT],
  ['Chat', Code.INVALID_ARGUMENT],
])('%s: bytes that are no message are INVALID_ARGUMENT', async (name, code) => {
  await using rig = await createRig();
  const path = `/millrace.test.v1.EchoService/${name}`;
  const { headers } = await rawCall({ address: rig.address, path, body: BAD_BYTES });
  expect(headers).toMatchObject({
    'grpc-status': String(code),
    'grpc-message': 'the%20request%20cannot%20be%20read',
  });
});

test.each([
  ['no message', Buffer.alloc(0)],
  ['two messages', Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))])],
])('a unary call with %s is UNIMPLEMENTED', async (_name, body) => {
  await using rig = await createRig();
  const { headers } = await rawCall({ address: rig.address, path: ECHO, body });
  expect(headers['grpc-status']).toBe(String(Code.UNIMPLEMENTED));
});

test.each([
  ['application/json', '415'],
  ['application/grpc-web', '415'],
  ['application/grpc+json', '415'],
  ['application/grpc+proto', '200'],
])('content type %s is answered by HTTP status %s', async (contentType, status) => {
  await using rig = await createRig();
  const { headers } = await rawCall({
    address: rig.address,
    path: ECHO,
    headers: { 'content-type': contentType },
  });
  expect(String(headers[':status'])).toBe(status);
});

test.each(KINDS)('%s: a request over the limit is RESOURCE_EXHAUSTED', async (kind) => {
  await using rig = await createRig({ limits: { server: { maxMessageBytes: 1_000 } } });
  await expect(rig.call(kind, ['x'.repeat(2_000)])).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test.each(KINDS)('%s: a request over its own limit never leaves a client', async (kind) => {
  await using rig = await createRig({ limits: { client: { maxMessageBytes: 1_000 } } });
  const failure = rig.call(kind, ['x'.repeat(2_000)]);
  await expect(failure).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, sent: 'never' });
});

test.each(KINDS)('%s: a reply over the limit is RESOURCE_EXHAUSTED', async (kind) => {
  const text = 'x'.repeat(2_000);
  await using rig = await createRig({
    limits: { client: { maxMessageBytes: 1_000 } },
    handlers: {
      echo: () => Promise.resolve({ text }),
      collect: () => Promise.resolve({ text }),
      async *expand() {
        yield { text };
      },
      async *chat() {
        yield { text };
      },
    },
  });
  await expect(rig.call(kind)).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, sent: 'maybe' });
});

test('headers over the limit are RESOURCE_EXHAUSTED and hurt nobody else', async () => {
  await using rig = await createRig();
  const metadata = { 'x-long': 'x'.repeat(20_000) };
  await expect(rig.call('unary', ['a'], { metadata })).rejects.toMatchObject({
    code: Code.RESOURCE_EXHAUSTED,
  });
  expect(await rig.call('unary')).toEqual(['hello']);
});

test.each([
  ['connection', 'close'],
  ['te', 'gzip'],
  ['x space', 'a'],
  ['x-text', 'line\nbreak'],
  ['x-text', 'ünï'],
])('metadata %s: %j never leaves, and the connection stays', async (key, value) => {
  await using rig = await createRig();
  const running = rig.call('bidi');
  const failure = rig.call('unary', ['a'], { metadata: { [key]: value } });
  await expect(failure).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, sent: 'never' });
  expect(await running).toEqual(['hello']);
});

test("a caller cannot set the protocol's own keys", async () => {
  const seen: unknown[] = [];
  const looking: Interceptor = (call, next) => {
    seen.push(call.deadlineMs, call.metadata.get('x-millrace-timeout'), call.metadata.get('grpc-timeout'));
    return next(call);
  };
  await using rig = await createRig({ server: [looking] });
  await rig.call('unary', ['a'], { metadata: { 'x-millrace-timeout': '1S', 'grpc-timeout': '1S' } });
  expect(seen).toEqual([Infinity, undefined, undefined]);
});
