import { metrics, trace, type Meter } from '@opentelemetry/api';
import { Code, RpcError, type Call, type Interceptor } from '@millrace/rpc';
import { Circuit, type CircuitState } from './breaker/circuit.ts';
import { Passage } from './breaker/passage.ts';
import { systemClock, type Clock } from './clock.ts';
import { show, type Gauge } from './gauges.ts';

/** Options of {@link breaker}. When a circuit opens and closes is said by the policy of its method. */
export interface BreakerOptions {
  /** Told when the circuit of a method (its path) opens, tries and closes. */
  readonly onChange?: (method: string, state: CircuitState) => void;
  readonly clock?: Clock;
  /** Default: the global one at the time the interceptor is made. */
  readonly meter?: Meter;
}

const LEVELS: Readonly<Record<CircuitState, number>> = { closed: 0, halfOpen: 1, open: 2 };

const STATES: Gauge = {
  name: 'millrace.client.circuit.state',
  description: '0 closed, 1 half-open, 2 open',
  attribute: 'rpc.method',
  combine: Math.max,
};

function refuse({ method }: Call, retryDelayMs: number): RpcError {
  trace.getActiveSpan()?.addEvent('circuit open', { 'rpc.method': method.path.slice(1) });
  return new RpcError(Code.UNAVAILABLE, `${method.service} is failing, calls are held back`, {
    reason: 'CIRCUIT_OPEN',
    sent: 'never',
    retryDelayMs,
    // Trying again is what the circuit is there to prevent, here and further up.
    retried: true,
  });
}

/**
 * Client side: a circuit breaker for each method of the service behind, by the method's policy. By default half of at least 20 calls
 * in 10 s failing opens it; then calls fail at once with UNAVAILABLE, reason CIRCUIT_OPEN and a delay; after a second 10 trial calls
 * decide. Calls slower than the policy's `slowCallMs` count as failures. A stream counts by its first message, and again when it
 * breaks. Shown as `millrace.client.circuit.state`.
 *
 * The state machine is our own, not cockatiel's: that one times by the calendar (a clock set back an hour keeps it open for an
 * hour), makes other callers wait while its trials run, counts by calls a second rather than a minimum, and never decides when a
 * trial hangs.
 */
export function breaker(options: BreakerOptions = {}): Interceptor {
  const { onChange, clock = systemClock, meter = metrics.getMeter('@millrace/interceptors') } = options;
  const circuits = new Map<string, Circuit>();
  show(meter, STATES, {
    of: circuits,
    figures: (all) => [...all].map(([path, { state }]) => [path.slice(1), LEVELS[state]] as const),
  });
  const circuitOf = ({ path, policy }: Call['method']): Circuit => {
    let circuit = circuits.get(path);
    if (!circuit) {
      circuit = new Circuit(policy.breaker, (state) => onChange?.(path, state));
      circuits.set(path, circuit);
    }
    return circuit;
  };
  return (call, next) => {
    const circuit = circuitOf(call.method);
    const nowMs = clock.now();
    if (!circuit.enter(nowMs)) return Promise.reject(refuse(call, circuit.retryDelayMs(nowMs)));
    return new Passage(circuit, clock, nowMs).run(call, next);
  };
}
