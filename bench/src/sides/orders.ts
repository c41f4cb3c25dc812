import { OrderService } from '@millrace/contracts';
import { createClient, serviceCredentials } from '@millrace/interceptors';
import { Context, type Client } from '@millrace/rpc';
import { createLogger, startTelemetry } from '@millrace/runtime';
import { readSetup } from '../setup.ts';
import type { Over } from './calls.ts';

/** On whose behalf the gateway calls. */
export const customer = new Context({
  principal: { subject: 'customer-4711', tenant: 'default', roles: ['customer'] },
});

/** The gateway's client of orders, with the kit's whole chain, as a service has it. */
export async function openOrders(port: number, over: Over): Promise<Client<typeof OrderService>> {
  await startTelemetry({ service: 'gateway', env: 'production' });
  const { keyFile } = readSetup();
  return createClient(OrderService, {
    address: `127.0.0.1:${port}`,
    ...over,
    peer: 'order',
    logger: createLogger({ service: 'gateway' }),
    credentials: serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' }),
  });
}
