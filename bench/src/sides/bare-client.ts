import {
  credentials,
  makeGenericClientConstructor,
  type ClientDuplexStream,
  type ClientReadableStream,
} from '@grpc/grpc-js';
import { loadService, OrderService } from '@millrace/contracts';
import { nextOrder, placeOrders, watchFor } from '../messages.ts';
import type { OpenTraffic } from './traffic.ts';

/** What the generated methods look like; grpc-js itself knows them only at run time. */
interface Orders {
  PlaceOrder(request: unknown, callback: (error: unknown, reply: unknown) => void): void;
  PlaceOrders(): ClientDuplexStream<unknown, unknown>;
  WatchOrders(request: unknown): ClientReadableStream<unknown>;
}

/** The yardstick: grpc-js as its manual shows it, with the contract's codec. */
export const openBareTraffic: OpenTraffic = async (port) => {
  const Client = makeGenericClientConstructor(loadService(OrderService), 'OrderService');
  const orders = new Client(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as Orders;
  return {
    unary: (done) => orders.PlaceOrder(nextOrder(), done),
    streams: {
      serverStream: (count) =>
        new Promise((resolve, reject) => {
          const call = orders.WatchOrders(watchFor(count));
          call.on('data', () => undefined);
          call.on('end', resolve);
          call.on('error', reject);
        }),
      bidi: (count, inFlight) =>
        new Promise((resolve, reject) => {
          const call = orders.PlaceOrders();
          let left = count;
          const send = (): void => {
            if (left === 0) call.end();
            else if (left > 0) call.write(placeOrders);
            left -= 1;
          };
          call.on('data', send);
          call.on('end', resolve);
          call.on('error', reject);
          for (let index = 0; index < inFlight; index++) send();
        }),
    },
  };
};
