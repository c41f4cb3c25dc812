import { afterEach, expect, test } from '@jest/globals';
import { describeService, type CallKind } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import type { RpcError } from '@millrace/rpc';
import { badRequest, Code, createInvoker, createBareServer, createTransport, type Next } from '@millrace/rpc';
import { createRig, type Rig } from '@millrace/rpc/testing';
import { createForward } from '../upstreams.ts';
import { passThrough } from './pass-through.ts';

const KINDS: CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const service = describeService(EchoService);
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A rig whose client talks to a server that passes everything on to the rig's own. */
async function startThrough(handlers: Parameters<typeof createRig>[0] = {}): Promise<Rig['call']> {
  const behind = await createRig(handlers);
  const invoke = createInvoker({ transport: behind.transport });
  const forward: Next = createForward([{ name: 'echo', services: [service], invoke, close: behind.close }]);
  const server = createBareServer({ services: [passThrough(service, forward)] });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const transport = createTransport({ address: `127.0.0.1:${port}` });
  const front = await createRig({ client: [(call) => transport.next(call)] });
  open.push(
    behind.close,
    () => server.close({ graceMs: 0 }),
    () => transport.close(),
    front.close,
  );
  return (...call) => front.call(...call);
}

test.each(KINDS)('a %s call is answered as by the service itself', async (kind) => {
  const direct = await createRig();
  open.push(direct.close);
  const through = await startThrough();
  expect(await through(kind, ['one', 'two'])).toEqual(await direct.call(kind, ['one', 'two']));
});

test.each(KINDS)('a %s call fails with everything that the service said', async (kind) => {
  const error = badRequest([{ field: 'text', description: 'is odd', reason: 'ODD' }]).with({
    retryDelayMs: 30,
  });
  const fail = () => Promise.reject(error);
  const failing = async function* (): AsyncGenerator<never> {
    yield* [] as never[];
    throw error;
  };
  const through = await startThrough({
    handlers: { echo: fail, collect: fail, expand: failing, chat: failing },
  });
  const failure = await through(kind).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'ODD', retryDelayMs: 30 });
});

test.each(KINDS)('a %s call that is given up ends at the service too', async (kind) => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<RpcError>();
  const through = await startThrough({
    server: [
      (call, next) => {
        begun.resolve();
        call.onCancel(ended.resolve);
        return next(call).then(() => new Promise<never>((_resolve, reject) => call.onCancel(reject)));
      },
    ],
  });
  const controller = new AbortController();
  const calling = through(kind, ['x'], { signal: controller.signal });
  await begun.promise;
  controller.abort();
  await expect(calling).rejects.toMatchObject({ code: Code.CANCELLED });
  expect((await ended.promise).code).toBe(Code.CANCELLED);
});
