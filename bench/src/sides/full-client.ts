import { placeOrders, watchFor } from '../messages.ts';
import { createCalls, type Over } from './calls.ts';
import { customer, openOrders } from './orders.ts';
import type { OpenTraffic } from './traffic.ts';
import { Window } from './window.ts';

const options = { context: customer };

async function readAll(messages: AsyncIterable<unknown>, each?: () => void): Promise<void> {
  for await (const _message of messages) each?.();
}

/** The kit with its whole chain, as a service has it, on behalf of a customer. */
export function createFullTraffic(over: Over): OpenTraffic {
  return async (port) => {
    const orders = await openOrders(port, over);
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
