import { metrics as api, type Meter } from '@opentelemetry/api';
import { codeName, onFinished, type Interceptor } from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import { rpcAttributes, RPC_STATUS_CODE } from './rpc-attributes.ts';
import { isServerFault } from './server-fault.ts';

/** Options of {@link metrics}. */
export interface MetricsOptions {
  /** Default: the global one at the time the interceptor is made; start telemetry first. */
  readonly meter?: Meter;
  readonly clock?: Clock;
}

/** In seconds; those of OpenTelemetry's RPC conventions. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

function createDurations(meter: Meter, side: 'server' | 'client') {
  return meter.createHistogram(`rpc.${side}.call.duration`, {
    description: side === 'server' ? 'Duration of incoming calls' : 'Duration of outgoing calls',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  });
}

/** Counts calls and how long they took, by method and status, as `rpc.server.call.duration` or `rpc.client.call.duration`. */
export function metrics(options: MetricsOptions = {}): Interceptor {
  const { meter = api.getMeter('@millrace/interceptors'), clock = systemClock } = options;
  const durations = { server: createDurations(meter, 'server'), client: createDurations(meter, 'client') };
  return (call, next) => {
    const startMs = clock.now();
    return onFinished(next(call), (error) => {
      const status = error ? codeName(error.code) : 'OK';
      const failed = error && (call.side === 'client' || isServerFault(error.code));
      durations[call.side].record((clock.now() - startMs) / 1_000, {
        ...rpcAttributes(call.method),
        [RPC_STATUS_CODE]: status,
        ...(failed && { 'error.type': status }),
      });
    });
  };
}
