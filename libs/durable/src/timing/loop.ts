export interface Loop {
  start(): void;
  /** Runs again without waiting for the poll; during a run, right after it. */
  wake(): void;
  /** Waits for the run that is under way. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** Does what there is to do; true means that there may be more. */
  run(): Promise<boolean>;
  /** Longest pause between runs. */
  pollMs: number;
  /** Shortest time from one run's start to the next, so that what comes meanwhile shares it. Default none. */
  spacingMs?: () => number;
  onError(error: unknown): void;
}

const shortestPauseMs = 10;

/** Runs until there is nothing to do, then pauses: briefly after work, longer and longer (up to `pollMs`) without. */
export function createLoop({ run, pollMs, spacingMs = () => 0, onError }: LoopOptions): Loop {
  let state: 'new' | 'running' | 'stopped' = 'new';
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  let pauseMs = shortestPauseMs;
  let startedAt = -Infinity;

  const turn = async (): Promise<void> => {
    startedAt = performance.now();
    again = false;
    try {
      const more = await run();
      pauseMs = more ? shortestPauseMs : Math.min(pollMs, pauseMs * 2);
      again ||= more;
    } catch (error) {
      pauseMs = pollMs;
      again = false;
      onError(error);
    }
  };
  const go = (): void => {
    if (state !== 'running' || running !== undefined) return;
    clearTimeout(timer);
    const earlyMs = startedAt + spacingMs() - performance.now();
    if (earlyMs > 0) timer = setTimeout(go, earlyMs);
    else
      running = turn().finally(() => {
        running = undefined;
        if (again) go();
        else if (state === 'running') timer = setTimeout(go, pauseMs);
      });
  };
  return {
    start() {
      if (state === 'new') state = 'running';
      go();
    },
    wake() {
      again = true;
      pauseMs = shortestPauseMs;
      go();
    },
    async stop() {
      state = 'stopped';
      clearTimeout(timer);
      await running;
    },
  };
}
