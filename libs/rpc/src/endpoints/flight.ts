import type { CallKind } from '@millrace/contracts';
import type { CallObserver } from '../client-call.ts';
import { Code, type RpcError } from '../status.ts';
import type { Ejection } from './ejection.ts';
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

/** What a flight tells its endpoint. */
export interface Destination {
  readonly load: Load;
  readonly ejection: Ejection;
  /** It was left out just now. */
  ejected(): void;
}

/** One call on its way to one endpoint: counted until it ends, its latency taken from the first answer. */
export class Flight implements CallObserver {
  /** Whether it ended because the connection broke. */
  isLost = false;
  readonly #to: Destination;
  readonly #startMs: number;
  /** How long a caller sends before it is answered says nothing about the server. */
  #isMeasured: boolean;
  #isOver = false;

  constructor(to: Destination, kind: CallKind, startMs: number) {
    this.#to = to;
    this.#startMs = startMs;
    this.#isMeasured = kind === 'clientStream';
    to.load.enter();
    to.ejection.enter();
  }

  answered(): void {
    this.#isMeasured = true;
    const nowMs = performance.now();
    this.#to.load.observe(nowMs - this.#startMs, nowMs);
    this.#to.ejection.succeeded();
  }

  ended(error: RpcError | undefined, lost: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.isLost = lost;
    const { load, ejection } = this.#to;
    load.leave();
    // What never left says nothing, nor what its caller took back.
    if (error && (error.sent === 'never' || error.code === Code.CANCELLED)) {
      ejection.passed();
      return;
    }
    const nowMs = performance.now();
    const latencyMs = this.#isMeasured ? 0 : nowMs - this.#startMs;
    const isFault = error !== undefined && FAULTS.has(error.code);
    // One that is full is not broken.
    if (!isFault || error.code === Code.RESOURCE_EXHAUSTED) ejection.succeeded();
    else if (ejection.failed(nowMs)) this.#to.ejected();
    // Of one that is left out nothing is learned: the call to try with is to come to it as to a new one.
    if (ejection.isEjected) return;
    if (isFault) load.punish(latencyMs, nowMs);
    else if (!this.#isMeasured) load.observe(latencyMs, nowMs);
  }
}
