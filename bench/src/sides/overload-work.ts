/** As much CPU as an order takes of the order service (docs/performance.md). With much less, what is measured is grpc-js, which everything that is refused goes through. */
const BUSY_MS = 7;
const SLOTS = 10;
const HOLD_MS = 25;

function busy(): Promise<void> {
  const untilMs = performance.now() + BUSY_MS;
  while (performance.now() < untilMs);
  return Promise.resolve();
}

/** A timer counts from when the loop began its turn; in a busy one it would be too early. */
function after(ms: number, callback: () => void): void {
  const untilMs = performance.now() + ms;
  const wait = (): void => {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) callback();
    else setTimeout(wait, leftMs);
  };
  wait();
}

/** As a pool of connections: so many at once, the others wait in it. */
function createPool(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let free = SLOTS;
  const hold = (done: () => void): void =>
    after(HOLD_MS, () => {
      done();
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    });
  return () =>
    new Promise((resolve) => {
      if (free === 0) waiting.push(() => hold(resolve));
      else {
        free -= 1;
        hold(resolve);
      }
    });
}

/** What a handler does: `cpu` keeps the process busy for 7 ms, `pool` waits for one of 10 slots and holds it for 25 ms. */
export function createWork(kind: string): () => Promise<void> {
  return kind === 'pool' ? createPool() : busy;
}
