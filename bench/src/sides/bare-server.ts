import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { OrderService, type WatchOrdersRequest } from '@millrace/contracts';
import { changed, placed, placedOrders } from '../messages.ts';
import { later } from './handlers.ts';
import { serveBare } from './serve-bare.ts';
import type { StartServer } from './traffic.ts';

function watchOrders(call: ServerWritableStream<WatchOrdersRequest, unknown>): void {
  let left = Number(call.request.cursor);
  const write = (): void => {
    while (left > 0) {
      left -= 1;
      if (!call.write(changed)) {
        call.once('drain', write);
        return;
      }
    }
    call.end();
  };
  write();
}

function placeOrders(call: ServerDuplexStream<unknown, unknown>): void {
  call.on('data', () => call.write(placedOrders));
  call.on('end', () => call.end());
}

type Callback = (error: null, reply: unknown) => void;

function placeOrder(_call: unknown, callback: Callback): void {
  callback(null, placed);
}

function placeOrderLater(_call: unknown, callback: Callback): void {
  later(() => callback(null, placed));
}

/** The yardstick: grpc-js as its manual shows it, with the contract's codec. */
export const startBareServer: StartServer = (handling) =>
  serveBare(OrderService, {
    PlaceOrder: handling === 'slow' ? placeOrderLater : placeOrder,
    PlaceOrders: placeOrders,
    WatchOrders: watchOrders,
  });
