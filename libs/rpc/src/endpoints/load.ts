/** How fast the past is forgotten: what was seen this long ago counts a third. */
const DECAY_MS = 10_000;

/** How much slower than usual a call counts that failed by the server's fault, and the most that it counts. */
const PENALTY = 8;
const LONGEST_PENALTY_MS = 1_000;

/** Stands for the latency of an endpoint that has calls and has not answered one yet: the next calls go elsewhere until it has. */
const UNKNOWN_MS = 1e6;

/**
 * What it would cost to send an endpoint one more call: its latency, as an average that jumps up to a peak at once and comes down slowly,
 * times the calls it would then have. Peak EWMA, as in Finagle (`PeakEwma.scala`) and Linkerd. What is new costs nothing until it has its
 * first call, which is all it gets before it answers.
 */
export class Load {
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #latencyMs: number | undefined;
  #atMs = 0;

  /** Calls that are under way, streams too. */
  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#idle?.();
  }

  /** Calls back when no call is under way: at once, or after the last one has left. */
  whenIdle(then: () => void): void {
    if (this.#inFlight === 0) then();
    else this.#idle = then;
  }

  /** Comparable between endpoints at one moment. */
  cost(nowMs: number): number {
    if (this.#latencyMs === undefined) return UNKNOWN_MS * this.#inFlight;
    return this.#decayed(this.#latencyMs, nowMs) * (this.#inFlight + 1);
  }

  /** A call was answered after this long. */
  observe(latencyMs: number, nowMs: number): void {
    const before = this.#latencyMs ?? 0;
    const weight = this.#weight(nowMs);
    this.#latencyMs = latencyMs > before ? latencyMs : before * weight + latencyMs * (1 - weight);
    this.#atMs = nowMs;
  }

  /** A call failed after this long, by the server's fault: failing fast must not look like serving fast. */
  punish(latencyMs: number, nowMs: number): void {
    const usualMs = Math.max(this.#latencyMs ?? 0, latencyMs, 1);
    this.observe(Math.max(latencyMs, Math.min(usualMs * PENALTY, LONGEST_PENALTY_MS)), nowMs);
  }

  /** It is another process now: what is known of the last one says nothing. */
  forget(): void {
    this.#latencyMs = undefined;
  }

  #decayed(latencyMs: number, nowMs: number): number {
    return latencyMs * this.#weight(nowMs);
  }

  #weight(nowMs: number): number {
    return Math.exp(Math.min(this.#atMs - nowMs, 0) / DECAY_MS);
  }
}
