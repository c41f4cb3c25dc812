/**
 * Resolves with the first SIGINT or SIGTERM; the next one ends the process at once, and the services with it, because
 * they notice that their launcher is gone.
 */
export function untilInterrupted(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve(signal);
        for (const again of ['SIGINT', 'SIGTERM'] as const) process.on(again, () => process.exit(130));
      });
    }
  });
}
