import { FailureWindow } from './failure-window.ts';

export type CircuitState = 'closed' | 'open' | 'halfOpen';

/** How a call ended, for the circuit: neither when its caller left. */
export type Outcome = 'success' | 'failure' | 'neither';

/** When a circuit opens and closes. */
export interface CircuitOptions {
  /** Share of failures that opens it. Default 0.5. */
  readonly threshold?: number;
  /** Over what time they are counted. Default 10,000. */
  readonly windowMs?: number;
  /** Fewer calls than this in the window never open it. Default 20. */
  readonly minimumCalls?: number;
  /** How long it stays open. Default 1,000. */
  readonly openMs?: number;
  /** How many calls are let through to try. Default 10. */
  readonly trialCalls?: number;
}

/** Leave to make a call. Its outcomes are told to {@link Circuit.record}; those of an earlier phase count no more. */
export interface Pass {
  readonly phase: number;
}

/**
 * A circuit breaker's state machine. Closed it counts; open it refuses for a while; then half-open it lets a few trial calls
 * through, closes when most of them succeed and opens again when too many fail. Trials that never end are followed by others
 * after `openMs`, so a call that hangs cannot keep the circuit from deciding.
 *
 * Times are given by the caller and must never go back.
 */
export class Circuit {
  readonly #options: Required<CircuitOptions>;
  #state: CircuitState = 'closed';
  #phase = 0;
  #sinceMs = 0;
  #window: FailureWindow;
  #trials = 0;
  #successes = 0;
  #failures = 0;
  readonly #changed: (state: CircuitState) => void;

  /** `changed` is told each new state. */
  constructor(options: CircuitOptions = {}, changed: (state: CircuitState) => void = () => undefined) {
    this.#changed = changed;
    const defaults = { threshold: 0.5, windowMs: 10_000, minimumCalls: 20, openMs: 1_000, trialCalls: 10 };
    this.#options = { ...defaults, ...options };
    this.#window = new FailureWindow(this.#options.windowMs);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Leave to call now, or in how many milliseconds to ask again. */
  enter(nowMs: number): Pass | { readonly retryDelayMs: number } {
    const { openMs, trialCalls } = this.#options;
    if (this.#state === 'closed') return { phase: this.#phase };
    const passed = nowMs - this.#sinceMs >= openMs;
    if (this.#state === 'open' && passed) this.#become('halfOpen', nowMs);
    else if (this.#state === 'halfOpen' && passed && this.#trials >= trialCalls) {
      // All trials were handed out and time has passed without a decision: try some more.
      this.#trials = 0;
      this.#sinceMs = nowMs;
    }
    if (this.#state === 'open' || this.#trials >= trialCalls) {
      return { retryDelayMs: Math.max(1, this.#sinceMs + openMs - nowMs) };
    }
    this.#trials++;
    return { phase: this.#phase };
  }

  /** Tells how a call that had leave ended. A stream tells its opening and its end. */
  record({ phase }: Pass, outcome: Outcome, nowMs: number): void {
    if (phase !== this.#phase) return;
    if (this.#state === 'halfOpen') this.#recordTrial(outcome, nowMs);
    else if (outcome !== 'neither') this.#recordCall(outcome === 'failure', nowMs);
  }

  #recordCall(failed: boolean, nowMs: number): void {
    this.#window.add(failed, nowMs);
    if (!failed) return;
    const { total, failures } = this.#window.outcomes(nowMs);
    const { minimumCalls, threshold } = this.#options;
    if (total >= minimumCalls && failures >= total * threshold) this.#become('open', nowMs);
  }

  #recordTrial(outcome: Outcome, nowMs: number): void {
    const { trialCalls, threshold } = this.#options;
    if (outcome === 'neither') this.#trials = Math.max(0, this.#trials - 1);
    if (outcome === 'success') this.#successes++;
    if (outcome === 'failure') this.#failures++;
    if (this.#failures >= trialCalls * threshold) this.#become('open', nowMs);
    else if (this.#successes > trialCalls * (1 - threshold)) this.#become('closed', nowMs);
  }

  #become(state: CircuitState, nowMs: number): void {
    this.#state = state;
    this.#phase++;
    this.#sinceMs = nowMs;
    this.#trials = this.#successes = this.#failures = 0;
    if (state === 'closed') this.#window = new FailureWindow(this.#options.windowMs);
    this.#changed(state);
  }
}
