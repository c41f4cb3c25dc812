// A client of several endpoints, given by their ports.
import { describeService, OrderService, type Method } from '@millrace/contracts';
import {
  Call,
  Cancellation,
  Context,
  createBareClient,
  createTransport,
  NO_METADATA,
  type Transport,
} from '@millrace/rpc';
import { answer } from '../answer.ts';
import { placeOrder } from '../messages.ts';

const addresses = process.argv.slice(2).map((port) => `127.0.0.1:${port}`);
const many = createTransport({ address: addresses.join(',') });
const one = createTransport({ address: addresses[0] ?? '' });
const client = createBareClient(OrderService, { transport: many });
const method = describeService(OrderService).methods['placeOrder'] as Method;

/** Makes so many calls, as many at once. */
async function load({ calls, inFlight }: { calls: number; inFlight: number }): Promise<void> {
  let made = 0;
  const worker = async (): Promise<void> => {
    while (made < calls) {
      made += 1;
      await client.placeOrder(placeOrder);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** A call that a transport gives up before it is sent: its cost is that of finding where it would go, and more than that of a good one. */
function createLateCall(): Call {
  const origin = { side: 'client', method, cancellation: new Cancellation(), peer: undefined } as const;
  const fields = { request: placeOrder, requests: undefined, metadata: NO_METADATA, deadlineMs: 0 };
  return new Call(origin, { ...fields, attempt: 0, context: new Context() });
}

/** CPU for a late call, in us. */
async function cost(transport: Transport, count: number): Promise<number> {
  const call = createLateCall();
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await transport.next(call).catch(() => undefined);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

answer({
  load,
  pick: async ({ count }: { count: number }) => {
    const plain = await cost(one, count);
    return (await cost(many, count)) - plain;
  },
});
