import type { Rounds } from './compare.ts';

/** How long a scenario may take. */
export interface Form extends Rounds {
  /** Of each pair in each round. */
  readonly durationMs: number;
}

/** The short form is for every day, the long one for what is claimed. */
export function formOf(full: boolean): Form {
  return full
    ? { rounds: 7, durationMs: 4_000, warmUp: 20_000 }
    : { rounds: 3, durationMs: 1_000, warmUp: 4_000 };
}
