import { RpcError } from '@millrace/rpc';
import { percentileOf } from '../statistics.ts';
import type { Arrivals } from './arrivals.ts';

/** What became of the calls of one sort. */
export interface Outcome {
  sent: number;
  served: number;
  refused: number;
  /** Of those that neither. */
  failed: number;
}

/** What became of all. */
export interface Settled {
  readonly byName: Readonly<Record<string, Outcome>>;
  /** Calls that were served well, of all sorts but health. */
  readonly goodput: number;
  readonly refusalP50Ms: number;
  readonly refusalP99Ms: number;
  readonly servedP50Ms: number;
  readonly servedP99Ms: number;
  /** How the other failures were. */
  readonly failures: Readonly<Record<string, number>>;
  /** CPU of this process, in ms. */
  readonly cpuMs: number;
  /** How late calls were sent: what the client's own loop adds to all times. */
  readonly lateP99Ms: number;
}

/** 0 where there were none. */
function percentile(samples: number[], share: number): number {
  return (
    percentileOf(
      samples.sort((a, b) => a - b),
      share,
    ) || 0
  );
}

/** Follows calls to their end. */
export class Outcomes {
  readonly #fromMs: number;
  readonly #seconds: number;
  readonly #byName: Record<string, Outcome> = {};
  readonly #failures: Record<string, number> = {};
  readonly #refusalsMs: number[] = [];
  readonly #servedMs: number[] = [];
  readonly #open = new Set<Promise<void>>();
  readonly #cpu = process.cpuUsage();
  readonly #lateMs: number[] = [];

  constructor({ warmUpMs, durationMs }: Arrivals) {
    this.#fromMs = performance.now() + warmUpMs;
    this.#seconds = durationMs / 1_000;
  }

  /** Times count from when the call is sent; how much later that is than it was due is told apart. */
  follow(name: string, dueMs: number, call: () => Promise<unknown>): void {
    const counts = dueMs >= this.#fromMs;
    const sentMs = performance.now();
    const outcome = (this.#byName[name] ??= { sent: 0, served: 0, refused: 0, failed: 0 });
    if (counts) {
      outcome.sent += 1;
      this.#lateMs.push(sentMs - dueMs);
    }
    const ended = call().then(
      () => this.#served(name, { counts, tookMs: performance.now() - sentMs }),
      (error: unknown) => this.#failed(error, { name, counts, tookMs: performance.now() - sentMs }),
    );
    this.#open.add(ended);
    void ended.then(() => this.#open.delete(ended));
  }

  /** When all have ended. */
  async settled(): Promise<Settled> {
    await Promise.all(this.#open);
    const { user, system } = process.cpuUsage(this.#cpu);
    const calls = Object.entries(this.#byName).filter(([name]) => name !== 'health');
    return {
      byName: this.#byName,
      goodput: calls.reduce((sum, [, { served }]) => sum + served, 0) / this.#seconds,
      refusalP50Ms: percentile(this.#refusalsMs, 0.5),
      refusalP99Ms: percentile(this.#refusalsMs, 0.99),
      servedP50Ms: percentile(this.#servedMs, 0.5),
      servedP99Ms: percentile(this.#servedMs, 0.99),
      failures: this.#failures,
      cpuMs: (user + system) / 1_000,
      lateP99Ms: percentile(this.#lateMs, 0.99),
    };
  }

  #served(name: string, { counts, tookMs }: { counts: boolean; tookMs: number }): void {
    if (!counts) return;
    const outcome = this.#byName[name];
    if (outcome) outcome.served += 1;
    if (name !== 'health') this.#servedMs.push(tookMs);
  }

  #failed(error: unknown, { name, counts, tookMs }: { name: string; counts: boolean; tookMs: number }): void {
    const outcome = this.#byName[name];
    if (!counts || !outcome) return;
    const reason = error instanceof RpcError ? error.reason : String(error);
    if (reason === 'OVERLOADED') {
      outcome.refused += 1;
      this.#refusalsMs.push(tookMs);
      return;
    }
    outcome.failed += 1;
    this.#failures[`${name} ${reason}`] = (this.#failures[`${name} ${reason}`] ?? 0) + 1;
  }
}
