import { timers } from '@millrace/rpc';

/** What a process holds on to. */
export interface Footprint {
  /** What JavaScript holds on to, in the heap and beside it. */
  readonly heapBytes: number;
  /** All memory of the process, now and at most since it began. */
  readonly rssBytes: number;
  readonly mostRssBytes: number;
  /** Of the kit's and of Node's. */
  readonly timers: number;
  /** On the process, and on what the calls were given. */
  readonly listeners: number;
  /** How often Node has said that something has too many listeners. */
  readonly listenerWarnings: number;
}

/** Long enough for what is closed or collected in the turns after a load. */
const SETTLE_MS = 200;

let listenerWarnings = 0;
process.on('warning', ({ name }) => {
  if (name === 'MaxListenersExceededWarning') listenerWarnings += 1;
});

function countTimers(): number {
  return timers.size + process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

function countListeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

async function collect(): Promise<void> {
  if (!globalThis.gc) throw new Error('the process was started without --expose-gc');
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    globalThis.gc();
  }
}

/** What this process holds on to when everything that can be collected is. `others` are listeners that it knows of. */
export async function takeFootprint(others = 0): Promise<Footprint> {
  await collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heapBytes: heapUsed + external,
    rssBytes: rss,
    mostRssBytes: process.resourceUsage().maxRSS * 1_024,
    timers: countTimers(),
    listeners: countListeners() + others,
    listenerWarnings,
  };
}
