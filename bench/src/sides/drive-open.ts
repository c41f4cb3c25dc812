import { arrive } from './arrivals.ts';
import type { Latencies } from './latencies.ts';
import type { Ended, Load } from './load.ts';
import type { Traffic } from './traffic.ts';

/**
 * Begins calls when they are due, whether or not others have ended, and waits for the last. Times count from when a call was due, so what
 * keeps the client from sending is in them; a call that fails took as long as all of it.
 */
export async function driveOpen(traffic: Traffic, load: Load, latencies: Latencies): Promise<Ended> {
  const { perSecond = 0, durationMs } = load;
  let open = 0;
  let count = 0;
  let failed = 0;
  let arrived = false;
  const over = Promise.withResolvers<void>();
  const ended = (error: unknown, tookMs: number): void => {
    if (error) failed += 1;
    else count += 1;
    latencies.add(error ? durationMs : tookMs);
    if (--open === 0 && arrived) over.resolve();
  };
  await arrive({ perSecond, durationMs, warmUpMs: 0, exact: true }, (dueMs) => {
    open += 1;
    traffic.unary((error) => ended(error, performance.now() - dueMs));
  });
  arrived = true;
  if (open > 0) await over.promise;
  return { count, failed };
}
