import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { Code } from '../index.ts';
import { createRig } from '../testing.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

/** The sockets that this process opens from now on. */
function watchSockets(): { readonly sockets: Socket[] } & Disposable {
  const sockets: Socket[] = [];
  const opened = channel('net.client.socket');
  const remember = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  opened.subscribe(remember);
  return { sockets, [Symbol.dispose]: () => void opened.unsubscribe(remember) };
}

test('grpc-js still says INTERNAL when the socket dies on this side (if not, BROKEN_HERE in libs/rpc/src/grpc-status.ts can go)', async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await startBareServer({ unary: () => arrived.resolve() });
  using watch = watchSockets();
  using client = createBareGrpcClient(server.address);
  const failure = client.call();
  await Promise.race([arrived.promise, failure]);
  for (const socket of watch.sockets) socket.destroy(new Error('cut'));
  await expect(failure).rejects.toMatchObject({ code: Code.INTERNAL });
});

test.each([undefined, new Error('cut')])('ours says UNAVAILABLE, maybe sent: %s', async (why) => {
  const arrived = Promise.withResolvers<void>();
  using watch = watchSockets();
  await using rig = await createRig({
    handlers: {
      echo: () => {
        arrived.resolve();
        return new Promise(() => undefined);
      },
    },
  });
  const failure = rig.call('unary');
  await Promise.race([arrived.promise, failure]);
  for (const socket of watch.sockets) socket.destroy(why);
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
});
