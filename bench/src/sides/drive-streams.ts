import type { Ended, Load } from './load.ts';
import type { Traffic } from './traffic.ts';

/** Long enough that the opening is no part of the figure. */
const STREAM_LENGTH = 10_000;

/** Opens streams one after the other until the time is over, and counts their messages. */
export async function driveStreams({ streams }: Traffic, load: Load): Promise<Ended> {
  if (!streams) throw new Error('this client knows no streams');
  const { kind, inFlight, durationMs, atLeast = 0 } = load;
  const untilMs = performance.now() + durationMs;
  let count = 0;
  while (count < atLeast || performance.now() < untilMs) {
    if (kind === 'bidi') await streams.bidi(STREAM_LENGTH, inFlight);
    else await streams.serverStream(STREAM_LENGTH);
    count += STREAM_LENGTH;
  }
  return { count, failed: 0 };
}
