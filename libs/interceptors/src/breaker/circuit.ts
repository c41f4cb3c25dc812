import type { BreakerPolicy } from '@millrace/contracts';
import { FailureWindow } from './failure-window.ts';

export type CircuitState = 'closed' | 'open' | 'halfOpen';

/** How a call ended, for the circuit: neither when its caller left. */
export type Outcome = 'success' | 'failure' | 'neither';

/** When a circuit opens and closes. */
export type CircuitPolicy = Omit<BreakerPolicy, 'slowCallMs'>;

/**
 * A circuit breaker's state machine. Closed it counts; open it refuses for a while; then half-open it lets a few trial calls
 * through, closes when most of them succeed and opens again when too many fail. Trials that never end are followed by others
 * after `openMs`, so a call that hangs cannot keep the circuit from deciding.
 *
 * Times are given by the caller and must never go back.
 */
export class Circuit {
  readonly #policy: CircuitPolicy;
  #state: CircuitState = 'closed';
  #phase = 0;
  #sinceMs = 0;
  #window: FailureWindow;
  #trials = 0;
  #successes = 0;
  #failures = 0;
  readonly #changed: (state: CircuitState) => void;

  /** `changed` is told each new state. */
  constructor(policy: CircuitPolicy, changed: (state: CircuitState) => void = () => undefined) {
    this.#changed = changed;
    this.#policy = policy;
    this.#window = new FailureWindow(policy.windowMs);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Rises with each change of state. What a call that was let in keeps, to be told with its outcomes. */
  get phase(): number {
    return this.#phase;
  }

  /** Whether a call may be made now. */
  enter(nowMs: number): boolean {
    if (this.#state === 'closed') return true;
    const { openMs, trialCalls } = this.#policy;
    const passed = nowMs - this.#sinceMs >= openMs;
    if (this.#state === 'open' && passed) this.#become('halfOpen', nowMs);
    else if (this.#state === 'halfOpen' && passed && this.#trials >= trialCalls) {
      // All trials were handed out and time has passed without a decision: try some more.
      this.#trials = 0;
      this.#sinceMs = nowMs;
    }
    if (this.#state === 'open' || this.#trials >= trialCalls) return false;
    this.#trials++;
    return true;
  }

  /** When it makes sense to ask again, for a call that was not let in. */
  retryDelayMs(nowMs: number): number {
    return Math.max(1, this.#sinceMs + this.#policy.openMs - nowMs);
  }

  /**
   * Tells how a call ended that was let in in this phase; those of an earlier phase count no more. A stream tells its beginning and
   * its end.
   */
  record(phase: number, outcome: Outcome, nowMs: number): void {
    if (phase !== this.#phase) return;
    if (this.#state === 'halfOpen') this.#recordTrial(outcome, nowMs);
    else if (outcome !== 'neither') this.#recordCall(outcome === 'failure', nowMs);
  }

  #recordCall(failed: boolean, nowMs: number): void {
    this.#window.add(failed, nowMs);
    if (!failed) return;
    const { total, failures } = this.#window.outcomes(nowMs);
    const { minimumCalls, failureRatio } = this.#policy;
    if (total >= minimumCalls && failures >= total * failureRatio) this.#become('open', nowMs);
  }

  #recordTrial(outcome: Outcome, nowMs: number): void {
    const { trialCalls, failureRatio } = this.#policy;
    if (outcome === 'neither') this.#trials = Math.max(0, this.#trials - 1);
    if (outcome === 'success') this.#successes++;
    if (outcome === 'failure') this.#failures++;
    if (this.#failures >= trialCalls * failureRatio) this.#become('open', nowMs);
    else if (this.#successes > trialCalls * (1 - failureRatio)) this.#become('closed', nowMs);
  }

  #become(state: CircuitState, nowMs: number): void {
    this.#state = state;
    this.#phase++;
    this.#sinceMs = nowMs;
    this.#trials = this.#successes = this.#failures = 0;
    if (state === 'closed') this.#window = new FailureWindow(this.#policy.windowMs);
    this.#changed(state);
  }
}
