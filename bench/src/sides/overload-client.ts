// A load process of the overload scenario: calls arrive by a Poisson process, whoever is ready or not. Argument: the server's port.
import { randomUUID } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { OrderService } from '@millrace/contracts';
import { credentials as speaking, serviceCredentials } from '@millrace/interceptors';
import { Context, createBareClient, createTransport } from '@millrace/rpc';
import { answer } from '../answer.ts';
import { placeOrder } from '../messages.ts';
import { readSetup } from '../setup.ts';
import { arrive, type Arrivals } from './arrivals.ts';
import { Outcomes } from './outcomes.ts';

const [, , port] = process.argv;
const address = `127.0.0.1:${port}`;
const { keyFile } = readSetup();
const orders = createBareClient(OrderService, {
  transport: createTransport({ address }),
  interceptors: [speaking(serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' }))],
});
const health = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
const context = new Context({
  principal: { subject: 'customer-4711', tenant: 'default', roles: ['customer'] },
});
const options = { context, timeoutMs: 2_000 };

/** One call in twenty is critical, one may be shed first. Each is another order's: the same would be served once for all. */
const CALLS = {
  critical: () => orders.cancelOrder({ orderId: randomUUID() }, options),
  sheddable: () => orders.listOrders({}, options),
  default: () => orders.placeOrder({ ...placeOrder, idempotencyKey: randomUUID() }, options),
};

function pick(): keyof typeof CALLS {
  const dice = Math.random();
  return dice < 0.05 ? 'critical' : dice < 0.1 ? 'sheddable' : 'default';
}

function checkHealth(): Promise<void> {
  const path = '/grpc.health.v1.Health/Check';
  const pass = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    const call = { deadline: Date.now() + 1_000 };
    health.makeUnaryRequest(path, pass, pass, Buffer.alloc(0), call, (error, bytes) => {
      if (error) reject(error);
      else if (bytes?.[1] === 1) resolve();
      else reject(new Error('not serving'));
    });
  });
}

async function drive(arrivals: Arrivals): Promise<object> {
  const outcomes = new Outcomes(arrivals);
  const checks = setInterval(() => void outcomes.follow('health', performance.now(), checkHealth), 100);
  await arrive(arrivals, (dueMs) => {
    const name = pick();
    outcomes.follow(name, dueMs, CALLS[name]);
  });
  clearInterval(checks);
  return outcomes.settled();
}

answer({ drive });
