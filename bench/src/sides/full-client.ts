import { OrderService } from '@millrace/contracts';
import { createClient, serviceCredentials } from '@millrace/interceptors';
import { Context } from '@millrace/rpc';
import { createLogger, startTelemetry } from '@millrace/runtime';
import { placeOrders, watchFor } from '../messages.ts';
import { readSetup } from '../setup.ts';
import { createCalls, type Over } from './calls.ts';
import type { OpenTraffic } from './traffic.ts';
import { Window } from './window.ts';

const context = new Context({
  principal: { subject: 'customer-4711', tenant: 'default', roles: ['customer'] },
});

async function readAll(messages: AsyncIterable<unknown>, each?: () => void): Promise<void> {
  for await (const _message of messages) each?.();
}

/** The kit with its whole chain, as a service has it, on behalf of a customer. */
export function createFullTraffic(over: Over): OpenTraffic {
  return async (port) => {
    await startTelemetry({ service: 'gateway', env: 'production' });
    const { keyFile } = readSetup();
    const orders = createClient(OrderService, {
      address: `127.0.0.1:${port}`,
      ...over,
      peer: 'order',
      logger: createLogger({ service: 'gateway' }),
      credentials: serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' }),
    });
    const options = { context };
    return {
      ...createCalls(orders, options),
      streams: {
        serverStream: (count) => readAll(orders.watchOrders(watchFor(count), options)),
        bidi: (count, inFlight) => {
          const window = new Window(placeOrders, { count, inFlight });
          return readAll(orders.placeOrders(window as never, options), () => window.answered());
        },
      },
    };
  };
}
