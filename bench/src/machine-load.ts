import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** A tick of /proc/stat: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** CPU that the whole machine has used since it started, in ms; undefined where nobody tells. */
function busyMs(): number | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return (user + nice + system + irq + softirq + steal) * TICK_MS;
  } catch {
    return undefined;
  }
}

/**
 * Watches for the load of others: from now until the function is called with the CPU that was ours, in ms. Gives the share of the
 * machine that somebody else had, 0 to 1; 0 where it cannot be known.
 */
export function watchOthers(): (oursMs: number) => number {
  const before = busyMs();
  const startMs = performance.now();
  return (oursMs) => {
    const after = busyMs();
    if (before === undefined || after === undefined) return 0;
    const wallMs = performance.now() - startMs;
    return Math.max(0, after - before - oursMs) / (wallMs * availableParallelism());
  };
}
