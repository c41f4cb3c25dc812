import { OrderService } from '@millrace/contracts';
import { createBareClient, createTransport } from '@millrace/rpc';
import { createCalls, type Over } from './calls.ts';
import type { OpenTraffic } from './traffic.ts';

/** The kit's client without interceptors. */
export function createKitTraffic(over: Over): OpenTraffic {
  return async (port) => {
    const transport = createTransport({ address: `127.0.0.1:${port}`, ...over });
    return createCalls(createBareClient(OrderService, { transport }), {});
  };
}
