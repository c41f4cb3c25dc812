import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import fc from 'fast-check';
import { createBareClient } from './bare-client.ts';
import { createBareServer, type RpcServer } from './bare-server.ts';
import type { Call } from './call.ts';
import { implement } from './handlers.ts';
import { echo } from './testing/echo.ts';
import { createTransport } from './transport.ts';
import { watch } from './watch.ts';

const undos: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of undos.splice(0).reverse()) await undo();
});

/** Ticks behind the cursor, up to `last`, and then silence. Never more than ten ahead of what was seen: what is there cannot be lost. */
async function* ticks(call: Call, last: number, seen: () => number) {
  for (let tick = Number(call.metadata.get('x-cursor') || 0) + 1; tick <= last; tick++) {
    while (tick > seen() + 10 && !call.cancelled) await new Promise(setImmediate);
    yield { tick: BigInt(tick) };
  }
  await new Promise((_resolve, reject) => void call.onCancel(reject));
}

interface ServeOptions {
  readonly last: number;
  readonly port?: number;
  readonly seen?: () => number;
}

async function serve({
  last,
  port = 0,
  seen = () => last,
}: ServeOptions): Promise<{ server: RpcServer; port: number }> {
  const handlers = { ...echo, watch: (_request: unknown, call: Call) => ticks(call, last, seen) };
  const server = createBareServer({ services: [implement(EchoService, handlers)] });
  const address = await server.listen({ host: '127.0.0.1', port });
  undos.push(() => server.close({ graceMs: 0 }));
  return { server, port: address.port };
}

function watchAt(port: number, options: { onBreak?: () => unknown } = {}) {
  const transport = createTransport({ address: `127.0.0.1:${port}` });
  undos.push(() => transport.close());
  const client = createBareClient(EchoService, { transport });
  return watch({
    open: (cursor) => client.watch({}, { metadata: { 'x-cursor': cursor } }),
    cursorOf: ({ tick }) => String(tick),
    ...options,
  });
}

/** Passes connections on, and cuts all that there are when it is told to. */
async function startProxy(target: number): Promise<{ port: number; cut: () => void }> {
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const upstream = connect(target, '127.0.0.1');
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.pipe(upstream).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => sockets.forEach((socket) => socket.destroy());
  undos.push(() => (proxy.close(), cut()));
  return { port: (proxy.address() as AddressInfo).port, cut };
}

test.each([0, 50])(
  'a server that is started anew, given %d ms to drain, loses and repeats nothing',
  async (graceMs) => {
    const { server, port } = await serve({ last: 100 });
    const seen: bigint[] = [];
    for await (const { tick } of watchAt(port)) {
      seen.push(tick);
      if (seen.length === 100) {
        await server.close({ graceMs });
        await serve({ last: 200, port });
      }
      if (seen.length === 200) break;
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => BigInt(index + 1)));
  },
);

test('fifty broken connections lose and repeat nothing', async () => {
  // After how many events each cut comes; fast-check names the seed of a run that fails.
  const cuts = fc.array(fc.nat({ max: 30 }), { minLength: 50, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(cuts, async (waits) => {
      const seen: bigint[] = [];
      const { port } = await serve({ last: Infinity, seen: () => seen.length });
      const proxy = await startProxy(port);
      let [cutsMade, breaks, sinceBreak] = [0, 0, 0];
      const onBreak = () => ([breaks, sinceBreak] = [breaks + 1, 0]);
      for await (const { tick } of watchAt(proxy.port, { onBreak })) {
        seen.push(tick);
        if (cutsMade === breaks && sinceBreak++ >= (waits[cutsMade] ?? Infinity)) {
          cutsMade++;
          proxy.cut();
        }
        if (breaks === waits.length && sinceBreak > 20) break;
      }
      expect(seen).toEqual(seen.map((_, index) => BigInt(index + 1)));
    }),
    { numRuns: 1, endOnFailure: true },
  );
}, 60_000);
