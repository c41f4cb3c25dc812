import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import type { CallKind } from '@millrace/contracts';
import {
  Code,
  Context,
  currentContext,
  fieldViolations,
  RpcError,
  runInContext,
  type Call,
  type Principal,
} from '@millrace/rpc';
import { createRig, echo, type Rig, type RigOptions } from '@millrace/rpc/testing';
import { clientInterceptors, type ClientChainOptions } from './client-interceptors.ts';
import { serverInterceptors, type ServerChainOptions } from './server-interceptors.ts';
import { failureOf } from './testing/answers.ts';
import { fakeLogger, type Line } from './testing/fake-logger.ts';
import { KINDS } from './testing/test-call.ts';
import { testKeys } from './testing/test-keys.ts';
import { createVerifier } from './tokens/create-verifier.ts';
import { serviceCredentials } from './tokens/service-credentials.ts';

const keys = testKeys('gateway');
const alice: Principal = { subject: 'alice', tenant: 'shop', roles: ['tester'] };
const context = new Context({ principal: alice });

afterAll(() => rmSync(keys.dir, { recursive: true }));

const rigs: Rig[] = [];
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

/** Both chains with their defaults, over a real socket. */
async function start(options: {
  handlers?: RigOptions['handlers'];
  server?: ServerChainOptions;
  client?: ClientChainOptions;
}) {
  const logger = fakeLogger();
  const { keySetFile } = keys;
  const auth = createVerifier({ keySetFile, issuers: ['gateway'], audience: 'echo' });
  const credentials = serviceCredentials({
    issuer: 'gateway',
    keyFile: keys.keyFile('gateway'),
    audience: 'echo',
  });
  const rig = await createRig({
    server: serverInterceptors({ service: 'echo', logger, auth, ...options.server }),
    client: clientInterceptors({ peer: 'echo', logger: fakeLogger(), credentials, ...options.client }),
    ...(options.handlers && { handlers: options.handlers }),
  });
  rigs.push(rig);
  const lines = (message: string): Line[] => logger.lines.filter((line) => line.message === message);
  return { ...rig, lines };
}

/** The same work in the handler of every kind. */
function always(work: (call: Call) => Promise<void>): NonNullable<RigOptions['handlers']> {
  return {
    echo: async (request, call) => work(call).then(() => echo.echo(request, call)),
    collect: async (requests, call) => work(call).then(() => echo.collect(requests, call)),
    expand: async function* (request, call) {
      await work(call);
      yield* echo.expand(request, call);
    },
    chat: async function* (requests, call) {
      await work(call);
      yield* echo.chat(requests, call);
    },
  };
}

const ANSWERS: Record<CallKind, string[]> = {
  unary: ['a'],
  clientStream: ['a b'],
  serverStream: ['a', 'a'],
  bidi: ['a', 'b'],
};

describe('both chains together', () => {
  test.each(KINDS)('carry a %s call with principal, deadline and trace', async (kind) => {
    const seen: Context[] = [];
    const { call, lines } = await start({ handlers: always(async () => void seen.push(currentContext())) });
    expect(await call(kind, ['a', 'b'], { context })).toEqual(ANSWERS[kind]);
    const [served] = seen;
    expect(served?.principal).toMatchObject(alice);
    expect(served?.deadlineMs).toBeLessThan(performance.now() + 5_000);
    expect(served?.trace?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(lines('call done')).toMatchObject([
      { fields: { server: 'echo', subject: 'alice', traceId: served?.trace?.traceId } },
    ]);
    expect(lines('call done')[0]?.fields.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test.each(KINDS)('shorten the deadline of a %s call made for another', async (kind) => {
    const leftMs: number[] = [];
    const handlers = always(async ({ deadlineMs }) => void leftMs.push(deadlineMs - performance.now()));
    const { call } = await start({ handlers });
    await call(kind, ['a'], { context: context.with({ deadlineMs: performance.now() + 500 }) });
    expect(leftMs[0]).toBeLessThanOrEqual(496);
    expect(leftMs[0]).toBeGreaterThan(100);
  });

  test.each(KINDS)('end a %s call whose handler hangs, on both sides', async (kind) => {
    const told: RpcError[] = [];
    const handlers = always((call) => {
      call.onCancel((why) => told.push(why));
      return new Promise(() => undefined);
    });
    const { call, lines } = await start({ handlers });
    const startMs = performance.now();
    const error = await failureOf(call(kind, ['a'], { context, timeoutMs: 100 }));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(performance.now() - startMs).toBeLessThan(500);
    while (lines('call failed').length === 0) await new Promise(setImmediate);
    expect(told).toHaveLength(1);
    expect(lines('call failed')).toHaveLength(1);
  });

  test.each(KINDS)('tell the caller of a %s call what the domain said', async (kind) => {
    const handlers = always(() =>
      Promise.reject(Object.assign(new Error('sold out'), { reason: 'OUT_OF_STOCK', retryDelayMs: 1_500 })),
    );
    const { call } = await start({
      handlers,
      server: { errors: { OUT_OF_STOCK: Code.FAILED_PRECONDITION } },
    });
    expect(await failureOf(call(kind, ['a'], { context }))).toMatchObject({
      code: Code.FAILED_PRECONDITION,
      reason: 'OUT_OF_STOCK',
      message: 'sold out',
      retryDelayMs: 1_500,
    });
  });

  test.each(KINDS)('tell the caller of a %s call nothing of an accident, and the log all', async (kind) => {
    const cause = new Error('SELECT secret FROM t');
    const { call, lines } = await start({ handlers: always(() => Promise.reject(cause)) });
    const error = await failureOf(call(kind, ['a'], { context }));
    expect(error).toMatchObject({ code: Code.INTERNAL, message: 'internal error', reason: 'INTERNAL' });
    expect(JSON.stringify(error)).not.toContain('SELECT');
    expect(lines('a call failed unexpectedly')).toMatchObject([{ fields: { err: cause } }]);
  });

  test.each(KINDS)('name the wrong field of a %s call', async (kind) => {
    const { call } = await start({});
    const error = (await failureOf(call(kind, ['x'.repeat(101)], { context }))) as RpcError;
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'INVALID_FIELD' });
    expect(fieldViolations(error)).toMatchObject([
      { field: 'text', description: 'must be at most 100 characters' },
    ]);
  });

  test.each(KINDS)('refuse a %s call without the role', async (kind) => {
    const { call } = await start({});
    expect(await failureOf(call(kind, ['a']))).toMatchObject({
      code: Code.PERMISSION_DENIED,
      reason: 'ROLE_MISSING',
    });
  });

  test.each(KINDS)('refuse a %s call without a token', async (kind) => {
    const { call } = await start({ client: { credentials: async () => '' } });
    expect(await failureOf(call(kind, ['a']))).toMatchObject({
      code: Code.UNAUTHENTICATED,
      reason: 'TOKEN_MISSING',
    });
  });

  it('refuse a method that declares no policy', async () => {
    const { client } = await start({});
    const error = await failureOf(client.undeclared({}, { context }));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'METHOD_NOT_DECLARED' });
  });

  it('keep a watch open beyond its method’s deadline, until its reader leaves', async () => {
    let open = 0;
    const { client, lines } = await start({
      handlers: {
        watch: async function* (_request, call) {
          open++;
          try {
            yield { tick: 1n };
            await new Promise((_resolve, reject) => void call.onCancel(reject));
          } finally {
            open--;
          }
        },
      },
    });
    for await (const { tick } of client.watch({}, { context })) {
      expect(tick).toBe(1n);
      break;
    }
    while (lines('call failed').length === 0) await new Promise(setImmediate);
    expect(lines('call failed')).toMatchObject([{ level: 'info', fields: { code: 'CANCELLED' } }]);
    expect(open).toBe(0);
  });
});

describe('the client chain, when the service is in trouble', () => {
  let served: Call[];
  beforeEach(() => void (served = []));

  const failingTimes = (times: number, error: RpcError) =>
    always(async (call) => {
      served.push(call);
      if (served.length <= times) throw error;
    });

  test.each(['unary', 'serverStream'] as const)(
    'tries a safe %s call again, and the server knows',
    async (kind) => {
      const { call } = await start({ handlers: failingTimes(2, new RpcError(Code.UNAVAILABLE, 'busy')) });
      expect(await call(kind, ['a'], { context })).toEqual(ANSWERS[kind]);
      expect(served.map((one) => one.context.isRetry)).toEqual([false, true, true]);
      expect(new Set(served.map((one) => one.context.trace?.traceId)).size).toBe(1);
    },
  );

  it('tries an unsafe call once', async () => {
    const { client } = await start({
      handlers: {
        change: async (_request, call) => {
          served.push(call);
          throw new RpcError(Code.UNAVAILABLE, 'busy');
        },
      },
    });
    expect(await failureOf(client.change({ text: 'a' }, { context }))).toMatchObject({ retried: false });
    expect(served).toHaveLength(1);
  });

  it('does not try again what a hop further down has tried', async () => {
    const { call } = await start({
      handlers: failingTimes(9, new RpcError(Code.UNAVAILABLE, 'x', { retried: true })),
    });
    expect(await failureOf(call('unary', ['a'], { context }))).toMatchObject({ retried: true });
    expect(served).toHaveLength(1);
  });

  it('opens the circuit and answers at once', async () => {
    const { call } = await start({ handlers: failingTimes(1e9, new RpcError(Code.UNAVAILABLE, 'busy')) });
    for (let count = 0; count < 20; count++) await failureOf(call('unary', ['a'], { context }));
    const before = served.length;
    const startMs = performance.now();
    const error = await failureOf(call('unary', ['a'], { context }));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, reason: 'CIRCUIT_OPEN', sent: 'never' });
    expect(performance.now() - startMs).toBeLessThan(50);
    expect(served).toHaveLength(before);
  });

  it('fails calls to nobody as UNAVAILABLE', async () => {
    const { call, server } = await start({});
    await server.close({ graceMs: 0 });
    expect(await failureOf(call('unary', ['a'], { context }))).toMatchObject({ code: Code.UNAVAILABLE });
  });
});

it('an outbound call within a handler speaks for the caller and shares its trace', async () => {
  const seen = (context: Context) => ({ context, leftMs: context.deadlineMs - performance.now() });
  const inner: ReturnType<typeof seen>[] = [];
  const back = await start({ handlers: always(async () => void inner.push(seen(currentContext()))) });
  const outer: typeof inner = [];
  const front = await start({
    handlers: always(async () => {
      outer.push(seen(currentContext()));
      await back.call('unary', ['a']);
    }),
  });
  await runInContext(context, () => front.call('unary', ['a']));
  expect(inner[0]?.context.principal).toMatchObject(alice);
  expect(inner[0]?.context.trace?.traceId).toBe(outer[0]?.context.trace?.traceId);
  expect(inner[0]?.leftMs).toBeLessThan(outer[0]?.leftMs ?? 0);
});
