import { Code, RpcError } from '../status.ts';
import { timers, type Timer } from '../timer-wheel.ts';
import type { CarriedCall } from './carried-call.ts';

/** Calls that a channel has no room for yet, in the order they came. Those that wait too long are given up. */
export class WaitingCalls {
  readonly #calls = new Set<CarriedCall>();
  readonly #longestMs: number;
  readonly #giveUp: (one: CarriedCall) => void;
  #alarm: Timer | undefined;

  constructor(longestMs: number, giveUp: (one: CarriedCall) => void) {
    this.#longestMs = longestMs;
    this.#giveUp = giveUp;
  }

  get size(): number {
    return this.#calls.size;
  }

  add(one: CarriedCall): void {
    one.sinceMs = performance.now();
    this.#calls.add(one);
    this.#alarm ??= this.#watch(one);
  }

  delete(one: CarriedCall): void {
    if (this.#calls.delete(one)) this.#rest();
  }

  /** Takes the first out. */
  shift(): CarriedCall | undefined {
    for (const one of this.#calls) {
      this.delete(one);
      return one;
    }
    return undefined;
  }

  /** Takes all out. */
  clear(): readonly CarriedCall[] {
    const all = [...this.#calls];
    this.#calls.clear();
    this.#rest();
    return all;
  }

  /** Nothing is watched where nothing waits. */
  #rest(): void {
    if (this.#calls.size > 0) return;
    this.#alarm?.stop();
    this.#alarm = undefined;
  }

  #watch({ sinceMs }: CarriedCall): Timer {
    return timers.at(sinceMs + this.#longestMs, () => this.#look());
  }

  #look(): void {
    this.#alarm = undefined;
    const lateMs = performance.now() - this.#longestMs;
    for (const one of this.#calls) {
      if (one.sinceMs > lateMs) {
        this.#alarm = this.#watch(one);
        return;
      }
      this.#calls.delete(one);
      this.#giveUp(one);
    }
  }
}

/** Why a call that waits is given up, or one more may not. */
export function full(): RpcError {
  return new RpcError(Code.RESOURCE_EXHAUSTED, 'too many calls wait for the server', {
    reason: 'CHANNEL_FULL',
    sent: 'never',
    retryDelayMs: 100,
  });
}
