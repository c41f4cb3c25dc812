import type { OrderService } from '@millrace/contracts';
import { Code, RpcError, type CallOptions, type Client } from '@millrace/rpc';
import { nextOrder } from '../messages.ts';
import type { Burden } from './load.ts';
import type { Done, Traffic } from './traffic.ts';

/** Whether calls share a stream or have one of their own. */
export interface Over {
  readonly channel: boolean;
}

type Orders = Pick<Client<typeof OrderService>, 'placeOrder'>;

/** One call in so many. */
const CANCELLED_EVERY = 10;
const TIMEOUT_MS = 5_000;

/** Unary calls by a client of the kit. */
export function createCalls(orders: Orders, options: CallOptions): Required<Omit<Traffic, 'streams'>> {
  const call = (how: CallOptions, done: Done): void =>
    void orders.placeOrder(nextOrder(), how).then(() => done(undefined), done);
  let count = 0;
  const cancelled = (done: Done): void => {
    if (++count % CANCELLED_EVERY > 0) return call(options, done);
    const controller = new AbortController();
    // When it is on its way, as far as its transport sends what one turn of the loop has brought together.
    setImmediate(() => controller.abort());
    call({ ...options, signal: controller.signal }, (error) => {
      const asMeant = error instanceof RpcError && error.code === Code.CANCELLED;
      done(asMeant ? undefined : error);
    });
  };
  const burdens: Record<Burden, (done: Done) => void> = {
    cancels: cancelled,
    deadlines: (done) => call({ ...options, timeoutMs: TIMEOUT_MS }, done),
    signals: (done) => call({ ...options, signal: new AbortController().signal }, done),
  };
  return {
    unary: (done) => call(options, done),
    burdened: (burden, done) => burdens[burden](done),
  };
}
