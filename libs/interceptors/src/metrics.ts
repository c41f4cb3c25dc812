import { metrics as api, type Meter, type MeterProvider } from '@opentelemetry/api';
import {
  onFinished,
  tapReply,
  tapRequests,
  type Call,
  type Interceptor,
  type Next,
  type Reply,
} from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import { Instruments } from './metrics/instruments.ts';
import type { MethodFigures } from './metrics/method-figures.ts';

/** Options of {@link metrics}. */
export interface MetricsOptions {
  /** Default: the global one at the time the interceptor is made; start telemetry first. */
  readonly meter?: Meter;
  readonly clock?: Clock;
}

interface Measured {
  readonly instruments: Instruments;
  readonly figures: MethodFigures;
}

type Sides = Readonly<Record<Call['side'], Instruments>>;

const shared = new WeakMap<MeterProvider, Sides>();

function createSides(meter: Meter): Sides {
  return { server: new Instruments(meter, 'server'), client: new Instruments(meter, 'client') };
}

/** One set for all clients and servers of a process: of two observers of one name, one would overwrite the other's figures. */
function sharedSides(): Sides {
  const provider = api.getMeterProvider();
  let sides = shared.get(provider);
  if (!sides) shared.set(provider, (sides = createSides(provider.getMeter('@millrace/interceptors'))));
  return sides;
}

/** Hands a streamed call on with its messages counted each way; the counts are recorded when its reply is over. */
async function counted(call: Call, next: Next, { instruments, figures }: Measured): Promise<Reply> {
  let requests = 0;
  let replies = 0;
  const isClient = call.side === 'client';
  const finished = (): void => {
    const { messages, bytes } = instruments;
    const { sentBytes, receivedBytes } = call.traffic;
    bytes.record(sentBytes, figures.sent);
    bytes.record(receivedBytes, figures.received);
    if (call.requests) messages.record(requests, isClient ? figures.sent : figures.received);
    if (call.kind === 'clientStream') return;
    messages.record(replies, isClient ? figures.received : figures.sent);
  };
  const reply = onFinished(next(tapRequests(call, { message: () => void requests++ })), finished);
  return tapReply(await reply, { message: () => void replies++ });
}

/**
 * Measures calls by method, under the names of OpenTelemetry's RPC conventions where there is one: `rpc.server.call.duration` or
 * `rpc.client.call.duration` by status, `millrace.<side>.calls.active`, and `millrace.<side>.stream.messages` and `.bytes`, what a
 * stream has carried by direction.
 */
export function metrics({ meter, clock = systemClock }: MetricsOptions = {}): Interceptor {
  const sides = meter ? createSides(meter) : sharedSides();
  return (call, next) => {
    const instruments = sides[call.side];
    const figures = instruments.of(call.method);
    const startMs = clock.now();
    figures.active += 1;
    const reply = call.kind === 'unary' ? next(call) : counted(call, next, { instruments, figures });
    return onFinished(reply, (error) => {
      figures.active -= 1;
      instruments.durations.record((clock.now() - startMs) / 1_000, figures.ended(error));
    });
  };
}
