import type { CallKind } from '@millrace/contracts';
import type { CallObserver } from '../client-call.ts';
import { Code, type RpcError } from '../status.ts';
import type { Load } from './load.ts';

/** The server's faults; RESOURCE_EXHAUSTED is one that is full, and others may not be. */
const FAULTS: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.RESOURCE_EXHAUSTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/** One call on its way to one endpoint: counted until it ends, its latency taken from the first answer. */
export class Flight implements CallObserver {
  /** Whether it ended because the connection broke. */
  isLost = false;
  readonly #load: Load;
  readonly #startMs: number;
  /** How long a caller sends before it is answered says nothing about the server. */
  #isMeasured: boolean;
  #isOver = false;

  constructor(load: Load, kind: CallKind, startMs: number) {
    this.#load = load;
    this.#startMs = startMs;
    this.#isMeasured = kind === 'clientStream';
    load.enter();
  }

  answered(): void {
    this.#isMeasured = true;
    const nowMs = performance.now();
    this.#load.observe(nowMs - this.#startMs, nowMs);
  }

  ended(error: RpcError | undefined, lost: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.isLost = lost;
    this.#load.leave();
    // What never left says nothing, nor what its caller took back.
    if (error && (error.sent === 'never' || error.code === Code.CANCELLED)) return;
    const nowMs = performance.now();
    const latencyMs = this.#isMeasured ? 0 : nowMs - this.#startMs;
    if (error && FAULTS.has(error.code)) this.#load.punish(latencyMs, nowMs);
    else if (!this.#isMeasured) this.#load.observe(latencyMs, nowMs);
  }
}
