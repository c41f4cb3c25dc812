import { trace } from '@opentelemetry/api';
import { Code, onFinished, RpcError, type Call, type Interceptor } from '@millrace/rpc';
import { Circuit, type CircuitOptions, type CircuitState, type Outcome } from './breaker/circuit.ts';
import { systemClock, type Clock } from './clock.ts';

/** Options of {@link breaker}. */
export interface BreakerOptions extends CircuitOptions {
  /** Told when the circuit of a method (its path) opens, tries and closes. */
  readonly onChange?: (method: string, state: CircuitState) => void;
  readonly clock?: Clock;
}

/** Only these are the server's faults; a request that was wrong says nothing about its health. */
const FAILURES: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

function outcomeOf(error: RpcError | undefined): Outcome {
  if (!error) return 'success';
  if (error.code === Code.CANCELLED) return 'neither';
  // What failed on this side before it was sent says nothing either, unless nobody was there to send it to.
  if (error.sent === 'never' && error.code !== Code.UNAVAILABLE) return 'neither';
  return FAILURES.has(error.code) ? 'failure' : 'success';
}

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
 * Client side: a circuit breaker for each method of the service behind. Half of at least 20 calls in 10 s failing opens it; then
 * calls fail at once with UNAVAILABLE, reason CIRCUIT_OPEN and a delay; after a second 10 trial calls decide. A stream counts
 * when it opens and again when it breaks.
 *
 * The state machine is our own, not cockatiel's: that one times by the calendar (a clock set back an hour keeps it open for an
 * hour), makes other callers wait while its trials run, counts by calls a second rather than a minimum, and never decides when a
 * trial hangs.
 */
export function breaker({ onChange, clock = systemClock, ...options }: BreakerOptions = {}): Interceptor {
  const circuits = new Map<string, Circuit>();
  const circuitOf = (path: string): Circuit => {
    let circuit = circuits.get(path);
    if (!circuit) circuits.set(path, (circuit = new Circuit(options, (state) => onChange?.(path, state))));
    return circuit;
  };
  return async (call, next) => {
    const circuit = circuitOf(call.method.path);
    const pass = circuit.enter(clock.now());
    if ('retryDelayMs' in pass) throw refuse(call, pass.retryDelayMs);
    let opened = false;
    const reply = await onFinished(next(call), (error) => {
      const outcome = outcomeOf(error);
      if (!opened || outcome === 'failure') circuit.record(pass, outcome, clock.now());
    });
    if (reply.kind === 'many') {
      opened = true;
      circuit.record(pass, 'success', clock.now());
    }
    return reply;
  };
}
