import type { Latencies } from './latencies.ts';
import type { Ended, Load } from './load.ts';
import type { Done, Traffic } from './traffic.ts';

/** On a machine that others keep busy a server may refuse a few; more, and it is not the load that was meant. */
const TOO_MANY_FAILED = 1_000;

function callOf({ burdened, unary }: Traffic, { burden }: Load): (done: Done) => void {
  if (!burden) return unary;
  if (!burdened) throw new Error('this client knows no burdens');
  return (done) => burdened(burden, done);
}

/** Keeps so many calls under way until the time is over. */
export function driveUnary(traffic: Traffic, load: Load, latencies: Latencies): Promise<Ended> {
  const { inFlight, durationMs, atLeast = 0 } = load;
  const call = callOf(traffic, load);
  const untilMs = performance.now() + durationMs;
  let count = 0;
  let failed = 0;
  let open = inFlight;
  return new Promise((resolve, reject) => {
    // One after the other, with one closure for all of them.
    const begin = (): void => {
      let startMs = performance.now();
      const done: Done = (error) => {
        const nowMs = performance.now();
        if (!error) {
          count += 1;
          latencies.add(nowMs - startMs);
        } else if (++failed > TOO_MANY_FAILED) reject(error as Error);
        startMs = nowMs;
        if (count < atLeast || nowMs < untilMs) call(done);
        else if (--open === 0) resolve({ count, failed });
      };
      call(done);
    };
    for (let index = 0; index < inFlight; index++) begin();
  });
}
