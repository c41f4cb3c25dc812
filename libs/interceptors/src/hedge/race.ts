import { trace, type Counter } from '@opentelemetry/api';
import { Code, onFinished, RpcError, type Call, type Fork, type Next, type Reply } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import type { RetryBudget } from '../retry/retry-budget.ts';
import { secondAttempt } from '../retry/retrying.ts';
import { rpcAttributes } from '../rpc-attributes.ts';

/** What a hedge takes out of the budget. Twice a retry: in the long run one call in twenty, which is what is slower than the 95th percentile. */
const TOKENS = 2;

/** What a race goes by. */
export interface RaceRules {
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly counter: Counter;
}

/** One call by two attempts: the second is sent when the first takes too long. The first good answer wins, and the other is cancelled. */
export class Race {
  readonly #call: Call;
  readonly #next: Next;
  readonly #rules: RaceRules;
  readonly #answer = Promise.withResolvers<Reply>();
  readonly #running = new Set<Fork>();
  #hedge: Fork | undefined;
  #disarm: (() => void) | undefined;

  /** `next` answers a stream with its first message. */
  constructor(call: Call, next: Next, rules: RaceRules) {
    this.#call = call;
    this.#next = next;
    this.#rules = rules;
  }

  /** The answer. The second attempt follows after `delayMs`, if the budget allows it then. */
  run(delayMs: number): Promise<Reply> {
    this.#disarm = this.#rules.clock.after(delayMs, () => this.#startHedge(delayMs));
    void this.#attempt(this.#call.fork());
    return this.#answer.promise;
  }

  #startHedge(delayMs: number): void {
    const { budget } = this.#rules;
    if (this.#call.cancelled || !budget.take(TOKENS)) return;
    trace.getActiveSpan()?.addEvent('hedge', { delayMs });
    this.#hedge = secondAttempt(this.#call, 1).fork();
    void this.#attempt(this.#hedge);
  }

  async #attempt(fork: Fork): Promise<void> {
    this.#running.add(fork);
    try {
      this.#win(fork, await this.#next(fork.call));
    } catch (error) {
      this.#lose(fork, error as Error);
    }
  }

  #win(winner: Fork, reply: Reply): void {
    // An answer to who was told to stop comes too late.
    if (!this.#running.delete(winner)) return;
    for (const fork of this.#running) {
      this.#running.delete(fork);
      fork.release();
      fork.cancellation.cancel(new RpcError(Code.CANCELLED, 'another attempt was faster'));
    }
    this.#finish(winner);
    this.#answer.resolve(onFinished(Promise.resolve(reply), winner.release));
  }

  /** The failure of one waits for the other. */
  #lose(loser: Fork, error: Error): void {
    if (!this.#running.delete(loser)) return;
    loser.release();
    if (this.#running.size > 0) return;
    this.#finish(undefined);
    this.#answer.reject(error);
  }

  #finish(winner: Fork | undefined): void {
    this.#disarm?.();
    if (!this.#hedge) return;
    const won = winner === this.#hedge;
    this.#rules.counter.add(1, { ...rpcAttributes(this.#call.method), won });
  }
}
