import type { LatencyBook } from './latency-book.ts';

/** Where a limit may be. */
export interface LimitOptions {
  /** It is never less. Default 32: so many that wait cost nothing. */
  readonly minimum?: number;
  /** It is never more. Default 1,000. */
  readonly maximum?: number;
  /** Where it begins. Default 64. */
  readonly initial?: number;
}

/** How many times its usual time a call may take while calls wait for each other. */
const TOLERANCE = 1.5;
/** A step is never larger than this, up or down. */
const [DOWN, UP] = [0.5, 1.5];
/** The least that a step is taken from. */
const WINDOW_MS = 100;
const WINDOW_CALLS = 20;
/** While the limit binds, usual times are measured again this often, at less than the limit. */
const PROBE_EVERY_MS = 5_000;
/** With half as many in flight, calls that did not wait for each other take as long as before, give or take this. */
const SAME = 0.2;
/** How fast usual times follow what is seen while there is room. */
const FOLLOW = 0.2;

/**
 * How many calls may be in flight, learned from how long they take: a call takes its usual time until calls wait for each other
 * (for a connection of a pool, for the event loop), from then on longer by what it waits. The limit is held where calls take
 * one and a half times as long as usual, which keeps whatever they wait for busy, and its queue short.
 *
 * The gradient of Netflix's concurrency-limits, with the usual time of each method kept apart, and measured as BBR and Envoy do: with
 * fewer calls in flight for a moment, half of them, and half again until that makes no difference. Only calls that began after a
 * step count for the next one, so that none is taken twice for the same cause.
 */
export class Limit {
  readonly #minimum: number;
  readonly #maximum: number;
  readonly #latencies: LatencyBook;
  #value: number;
  #inFlight = 0;
  #peak = 0;
  #sinceMs = -Infinity;
  #measuredMs = -Infinity;
  /** What holds in place of the limit while usual times are measured. */
  #probe: number | undefined;

  constructor(latencies: LatencyBook, { minimum = 32, maximum = 1_000, initial = 64 }: LimitOptions = {}) {
    this.#latencies = latencies;
    this.#minimum = minimum;
    this.#maximum = maximum;
    this.#value = Math.min(Math.max(initial, minimum), maximum);
  }

  get value(): number {
    return this.#probe ?? this.#value;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight++;
    if (this.#inFlight > this.#peak) this.#peak = this.#inFlight;
  }

  leave(): void {
    this.#inFlight--;
  }

  /** How long a call of a method took that was served, or ran out of time. Before it leaves. */
  took(method: string, startMs: number, nowMs: number): void {
    if (startMs < this.#sinceMs) return;
    this.#latencies.add(method, nowMs - startMs);
    if (this.#latencies.count < WINDOW_CALLS || nowMs - this.#sinceMs < WINDOW_MS) return;
    this.#step(nowMs);
    this.#latencies.clear();
    this.#peak = this.#inFlight;
    this.#sinceMs = nowMs;
  }

  #step(nowMs: number): void {
    if (this.#probe !== undefined) this.#measure(this.#probe, nowMs);
    else if (this.#peak <= this.#value / 2) {
      this.#latencies.learn(FOLLOW);
      this.#measuredMs = nowMs;
    } else if (this.#peak >= this.#value) this.#move(nowMs);
  }

  #measure(probe: number, nowMs: number): void {
    const stretch = this.#latencies.stretch();
    this.#latencies.learn(1);
    if (Math.abs(stretch - 1) > SAME && probe > this.#minimum) {
      this.#probe = Math.max(this.#minimum, probe / 2);
      return;
    }
    this.#probe = undefined;
    this.#measuredMs = nowMs;
    this.#value = Math.min(this.#value, probe * 4);
  }

  #move(nowMs: number): void {
    // At the least there is nothing to lose: what is slow there is slow by itself.
    if (this.#value <= this.#minimum) this.#latencies.learn(1);
    else if (nowMs - this.#measuredMs >= PROBE_EVERY_MS) {
      this.#latencies.learn(1);
      this.#probe = Math.max(this.#minimum, this.#value / 2);
      return;
    }
    const step = Math.min(Math.max(TOLERANCE / this.#latencies.stretch(), DOWN), UP);
    this.#value = Math.min(Math.max(this.#value * step, this.#minimum), this.#maximum);
  }
}
