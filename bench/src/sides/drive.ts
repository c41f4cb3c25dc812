import type { Traffic } from './traffic.ts';

/** What a client does for a while. */
export interface Load {
  readonly kind: 'unary' | 'serverStream' | 'bidi';
  /** Calls at once; of bidi, messages at once on one stream. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** Goes on until it has done so many, for a warm-up: a busy machine does little in a time. Default 0. */
  readonly atLeast?: number;
}

/** What came of it: calls or messages, and what they cost this process. */
export interface Driven {
  /** What went well. */
  readonly count: number;
  readonly wallMs: number;
  readonly cpuUs: number;
}

/** Long enough that the opening is no part of the figure. */
const STREAM_LENGTH = 10_000;

/** On a machine that others keep busy a server may refuse a few; more, and it is not the load that was meant. */
const TOO_MANY_FAILED = 1_000;

/** Keeps so many calls under way until the time is over. Those that fail do not count. */
function driveUnary(traffic: Traffic, { inFlight, durationMs, atLeast = 0 }: Load): Promise<number> {
  const untilMs = performance.now() + durationMs;
  let count = 0;
  let failed = 0;
  let open = inFlight;
  return new Promise((resolve, reject) => {
    const done = (error: unknown): void => {
      if (!error) count += 1;
      else if (++failed > TOO_MANY_FAILED) reject(error as Error);
      if (count < atLeast || performance.now() < untilMs) traffic.unary(done);
      else if (--open === 0) resolve(count);
    };
    for (let index = 0; index < inFlight; index++) traffic.unary(done);
  });
}

async function driveStreams(traffic: Traffic, load: Load): Promise<number> {
  const { kind, inFlight, durationMs, atLeast = 0 } = load;
  const untilMs = performance.now() + durationMs;
  let count = 0;
  while (count < atLeast || performance.now() < untilMs) {
    if (kind === 'bidi') await traffic.bidi(STREAM_LENGTH, inFlight);
    else await traffic.serverStream(STREAM_LENGTH);
    count += STREAM_LENGTH;
  }
  return count;
}

/** Puts a load on a server and counts. */
export async function drive(traffic: Traffic, load: Load): Promise<Driven> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  const count = await (load.kind === 'unary' ? driveUnary(traffic, load) : driveStreams(traffic, load));
  const { user, system } = process.cpuUsage(before);
  return { count, wallMs: performance.now() - startMs, cpuUs: user + system };
}
