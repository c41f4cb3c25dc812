// Three servers in one process, the last one slower by so many ms: `endpoint-servers.ts 50`.
import { setTimeout as delay } from 'node:timers/promises';
import { OrderService } from '@millrace/contracts';
import { createBareServer, implement, type Handlers } from '@millrace/rpc';
import { answer } from '../answer.ts';
import { placed } from '../messages.ts';

const slowerMs = Number(process.argv[2]);
const counts = [0, 0, 0];

async function start(index: number, delayMs: number): Promise<number> {
  const handlers: Partial<Handlers<typeof OrderService>> = {
    placeOrder: async () => {
      counts[index] = (counts[index] ?? 0) + 1;
      if (delayMs > 0) await delay(delayMs);
      return placed;
    },
  };
  const server = createBareServer({
    services: [implement(OrderService, handlers as Handlers<typeof OrderService>)],
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return port;
}

const ports = await Promise.all([start(0, 0), start(1, 0), start(2, slowerMs)]);
answer({ ports: () => ports, counts: () => counts });
