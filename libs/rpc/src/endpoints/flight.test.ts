import { describe, expect, it, test } from '@jest/globals';
import type { CallKind } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient } from '../bare-client.ts';
import { Connection } from '../connection.ts';
import { Code, RpcError } from '../status.ts';
import { createRig } from '../testing.ts';
import { Ejection } from './ejection.ts';
import { Flight } from './flight.ts';
import { Load } from './load.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const now = (): number => performance.now();
const to = (load: Load) => ({ load, ejection: new Ejection(), ejected: () => undefined });

/** A rig whose calls are counted on a load. */
async function rigWith(load: Load) {
  const rig = await createRig();
  const connection = new Connection({ address: rig.address });
  const next = (call: Parameters<Connection['next']>[0]) =>
    connection.next(call, new Flight(to(load), call.kind, now()));
  const client = createBareClient(EchoService, { transport: { next } });
  const close = async (): Promise<void> => {
    await connection.close();
    await rig.close();
  };
  return { client, [Symbol.asyncDispose]: close };
}

test('a stream counts until it ends, not only until it is answered', async () => {
  const load = new Load();
  await using rig = await rigWith(load);
  const messages = rig.client.watch({})[Symbol.asyncIterator]();
  await messages.next();
  expect(load.inFlight).toBe(1);
  expect(load.cost(now())).toBeLessThan(10_000);
  await messages.return?.();
  expect(load.inFlight).toBe(0);
});

test.each(KINDS)('a %s call that fails counts no more', async (kind) => {
  const load = new Load();
  const error = new RpcError(Code.INTERNAL, 'no');
  const flight = new Flight(to(load), kind, now());
  flight.ended(error, false);
  flight.ended(error, false);
  expect(load.inFlight).toBe(0);
});

describe('what an ending says about the endpoint', () => {
  const costAfter = (kind: CallKind, error: RpcError | undefined): number => {
    const load = new Load();
    load.observe(1, now());
    new Flight(to(load), kind, now()).ended(error, false);
    return load.cost(now());
  };

  it.each([Code.UNAVAILABLE, Code.INTERNAL, Code.UNKNOWN, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED])(
    'a failure with code %s makes it dear',
    (code) => expect(costAfter('unary', new RpcError(code, ''))).toBeGreaterThan(5),
  );

  it.each([Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED, Code.CANCELLED])(
    'a failure with code %s does not',
    (code) => expect(costAfter('unary', new RpcError(code, ''))).toBeLessThan(5),
  );

  it('what never left says nothing', () => {
    expect(costAfter('unary', new RpcError(Code.UNAVAILABLE, '', { sent: 'never' }))).toBeLessThan(5);
  });

  it('how long a caller sends says nothing', () => {
    const load = new Load();
    load.observe(1, now());
    new Flight(to(load), 'clientStream', now() - 10_000).ended(undefined, false);
    expect(load.cost(now())).toBeLessThan(5);
    new Flight(to(load), 'clientStream', now() - 10_000).ended(new RpcError(Code.INTERNAL, ''), false);
    expect(load.cost(now())).toBeLessThan(10);
  });

  it('a stream that breaks after its first answer makes it dear', () => {
    const load = new Load();
    const flight = new Flight(to(load), 'serverStream', now());
    flight.answered();
    flight.ended(new RpcError(Code.UNAVAILABLE, ''), true);
    expect(load.cost(now())).toBeGreaterThan(5);
  });
});
