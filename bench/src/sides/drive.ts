import { driveOpen } from './drive-open.ts';
import { driveStreams } from './drive-streams.ts';
import { driveUnary } from './drive-unary.ts';
import { Latencies } from './latencies.ts';
import type { Driven, Ended, Load } from './load.ts';
import type { Traffic } from './traffic.ts';

function run(traffic: Traffic, load: Load, latencies: Latencies): Promise<Ended> {
  if (load.kind === 'unary') return driveUnary(traffic, load, latencies);
  if (load.kind === 'open') return driveOpen(traffic, load, latencies);
  return driveStreams(traffic, load);
}

/** Puts a load on a server, counts and times. */
export async function drive(traffic: Traffic, load: Load): Promise<Driven> {
  const latencies = new Latencies();
  const before = process.cpuUsage();
  const startMs = performance.now();
  const ended = await run(traffic, load, latencies);
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - startMs;
  return { ...ended, wallMs, cpuUs: user + system, ...latencies.percentiles() };
}
