// A process that runs one interceptor at a time over calls that are answered at once, and says what a call costs.
import { describeService, OrderService, type Method } from '@millrace/contracts';
import { serviceCredentials } from '@millrace/interceptors';
import {
  Call,
  Cancellation,
  compose,
  Context,
  createMetadata,
  NO_METADATA,
  type Interceptor,
  type Next,
  type Reply,
} from '@millrace/rpc';
import { startTelemetry } from '@millrace/runtime';
import { answer } from '../answer.ts';
import { nextOrder, placed } from '../messages.ts';
import { readSetup } from '../setup.ts';
import { clientCases, serverCases, type ChainCase } from './chain-cases.ts';

await startTelemetry({ service: 'bench', env: 'production' });

const { methods } = describeService(OrderService);
const reply: Reply = { kind: 'one', message: placed, headers: NO_METADATA, trailers: NO_METADATA };
const next: Next = async () => reply;
const principal = { subject: 'customer-4711', tenant: 'default', roles: ['customer'] };
const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const { keyFile } = readSetup();
const authorization = await serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' })(
  new Context({ principal }),
);

type Side = Call['side'];

/** Makes calls as the transport hands them to the chain of one side. */
function createCalls(side: Side, { trace: caller, method: name = 'placeOrder' }: ChainCase): () => Call {
  const method = methods[name] as Method;
  const traceFlags = caller === 'sampled' ? 1 : 0;
  const traceparent = `00-${trace.traceId}-${trace.spanId}-0${traceFlags}`;
  const received = createMetadata({ authorization, traceparent: caller && traceparent });
  const known = side === 'client' ? { principal, trace: caller && { ...trace, traceFlags } } : {};
  return () => {
    const cancellation = new Cancellation();
    const deadlineMs = performance.now() + 20_000;
    return new Call(
      { side, method, cancellation, peer: '127.0.0.1:4711' },
      {
        request: nextOrder(),
        requests: undefined,
        metadata: side === 'client' ? NO_METADATA : received,
        deadlineMs,
        attempt: 0,
        context: new Context({ ...known, deadlineMs }, cancellation),
      },
    );
  };
}

/** CPU of this process for a call, in us: it says less about what else runs on the machine than a clock does. */
async function cost(interceptors: readonly Interceptor[], calls: () => Call, count: number): Promise<number> {
  const chain = compose(interceptors, next);
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await chain(calls());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const cases = [
  ...clientCases().map((one) => ({ ...one, side: 'client' as const, name: `client.${one.name}` })),
  ...serverCases().map((one) => ({ ...one, side: 'server' as const, name: `server.${one.name}` })),
];
answer({
  names: () => cases.map(({ name, barred = true }) => ({ name, barred })),
  cost: async ({ name, count }: { name: string; count: number }) => {
    const one = cases.find((candidate) => candidate.name === name) as (typeof cases)[number];
    const calls = createCalls(one.side, one);
    const empty = await cost([], calls, count);
    return (await cost([one.interceptor], calls, count)) - empty;
  },
});
