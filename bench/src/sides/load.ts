import type { Percentiles } from './latencies.ts';

/** What is asked of a call beside its answer: to be cancelled (one in ten), to have a deadline, to have an AbortSignal. */
export type Burden = 'cancels' | 'deadlines' | 'signals';

/** What a client does for a while. */
export interface Load {
  /** `open`: calls begin when they are due, by a Poisson process, and not when others have ended. */
  readonly kind: 'unary' | 'serverStream' | 'bidi' | 'open';
  /** Calls at once; of bidi, messages at once on one stream; of an open load, in its warm-up. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** Goes on until it has done so many, for a warm-up: a busy machine does little in a time. Default 0. */
  readonly atLeast?: number;
  /** How many calls an open load begins. */
  readonly perSecond?: number;
  /** Of unary calls. Default: nothing. */
  readonly burden?: Burden;
}

/** How many calls or messages went well, and how many did not. */
export interface Ended {
  readonly count: number;
  readonly failed: number;
}

/** What came of it, what it cost this process, and how long unary calls took. */
export interface Driven extends Ended, Percentiles {
  readonly wallMs: number;
  readonly cpuUs: number;
}
