import { asRpcError, Code, tapReply, type Call, type Next, type Reply, type RpcError } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import type { Circuit, Outcome } from './circuit.ts';

/** Only these are the server's faults; a request that was wrong says nothing about its health, nor does one that it shed. */
const FAILURES: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/** A stream that was ended for its age, or for what this side did not send, says nothing about its server's health. */
const HARMLESS: ReadonlySet<string> = new Set(['MAX_AGE', 'STREAM_IDLE']);

function outcomeOf(error: RpcError): Outcome {
  if (error.code === Code.CANCELLED || HARMLESS.has(error.reason)) return 'neither';
  // What failed on this side before it was sent says nothing either, unless nobody was there to send it to.
  if (error.sent === 'never' && error.code !== Code.UNAVAILABLE) return 'neither';
  return FAILURES.has(error.code) ? 'failure' : 'success';
}

/** One call that a circuit has let in, until the circuit was told how it went. */
export class Passage {
  readonly #circuit: Circuit;
  readonly #clock: Clock;
  readonly #phase: number;
  readonly #startMs: number;
  #slowMs = Infinity;
  #answered = false;

  constructor(circuit: Circuit, clock: Clock, startMs: number) {
    this.#circuit = circuit;
    this.#phase = circuit.phase;
    this.#clock = clock;
    this.#startMs = startMs;
  }

  async run(call: Call, next: Next): Promise<Reply> {
    const { breaker, longLived } = call.method.policy;
    this.#slowMs = breaker.slowCallMs;
    try {
      const reply = await next(call);
      if (reply.kind === 'many') return this.#watch(reply, longLived);
      this.#answer();
      return reply;
    } catch (error) {
      this.#fail(asRpcError(error));
      throw error;
    }
  }

  /** A stream counts by its first message, one that may have nothing to say for long by its opening; and again when it breaks. */
  #watch(reply: Reply, isLongLived: boolean): Reply {
    if (isLongLived) this.#answer();
    return tapReply(reply, {
      ...(!isLongLived && { message: () => this.#answered || this.#answer() }),
      finished: (error) => (error ? this.#fail(error) : this.#answered || this.#answer()),
    });
  }

  #answer(): true {
    this.#answered = true;
    const nowMs = this.#clock.now();
    const isSlow = nowMs - this.#startMs > this.#slowMs;
    this.#circuit.record(this.#phase, isSlow ? 'failure' : 'success', nowMs);
    return true;
  }

  #fail(error: RpcError): void {
    const outcome = outcomeOf(error);
    if (this.#answered && outcome !== 'failure') return;
    if (outcome === 'success') this.#answer();
    else this.#circuit.record(this.#phase, outcome, this.#clock.now());
  }
}
