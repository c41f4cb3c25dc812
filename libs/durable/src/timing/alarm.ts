export interface Alarm {
  /** Rings after `afterMs`, or earlier if it was set for earlier. */
  set(afterMs: number): void;
  clear(): void;
}

/** One timer for many dates: it rings at the earliest and keeps the later ones. */
export function createAlarm(ring: () => void): Alarm {
  let dates: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    clearTimeout(timer);
    if (dates.length === 0) return;
    const inMs = Math.max(0, Math.min(...dates) - performance.now());
    timer = setTimeout(() => {
      const now = performance.now();
      dates = dates.filter((date) => date > now);
      arm();
      ring();
    }, inMs);
  };
  return {
    set(afterMs) {
      dates.push(performance.now() + afterMs);
      arm();
    },
    clear() {
      dates = [];
      clearTimeout(timer);
    },
  };
}
