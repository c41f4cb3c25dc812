import { callAll } from '@millrace/rpc';
import { createRandom } from './create-random.ts';
import { startThreeHops, type ThreeHopsOptions } from './three-hops.ts';

/** What is to be tried. */
export interface AmplifyOptions extends Pick<ThreeHopsOptions, 'breaker'> {
  readonly percent: number;
  readonly calls: number;
  readonly seed: number;
}

/** How many attempts the calls became. */
export interface Amplification {
  /** Attempts on all three hops together, over those that a run without second attempts makes at most: one a call and hop. */
  readonly total: number;
  /** The same of the hop that has the most. */
  readonly worstHop: number;
  readonly attempts: readonly number[];
}

/** Makes calls through three hops of which the last fails so often, sixteen at a time. */
export async function amplify(options: AmplifyOptions): Promise<Amplification> {
  const { percent, calls, seed, breaker } = options;
  const random = createRandom(seed);
  const fails = (): boolean => random() * 100 < percent;
  await using hops = await startThreeHops({ fails, ...(breaker !== undefined && { breaker }) });
  await callAll(Array.from({ length: calls }), () => hops.call());
  const { attempts } = hops;
  const sum = attempts.reduce((total, count) => total + count, 0);
  return { total: sum / (calls * attempts.length), worstHop: Math.max(...attempts) / calls, attempts };
}
