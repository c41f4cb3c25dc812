import type { Logger } from './logger.ts';

/** What an app has opened, to be closed in reverse order. */
export interface Closers {
  add(name: string, close: () => unknown): void;
  /** The same for what is stopped or closed without more being said; gives it back. */
  keep<T extends { stop(): unknown } | { close(): unknown }>(name: string, opened: T): T;
  /** Closes each once, the last added first, waiting for each; an error is logged and the rest still close. */
  close(): Promise<void>;
}

export function createClosers(logger?: Pick<Logger, 'error'>): Closers {
  const entries: { name: string; close: () => unknown }[] = [];
  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      try {
        await entry.close();
      } catch (error) {
        logger?.error({ err: error, closing: entry.name }, 'closing failed');
      }
    }
  }
  return {
    add: (name, close) => void entries.push({ name, close }),
    keep(name, opened) {
      entries.push({ name, close: () => ('stop' in opened ? opened.stop() : opened.close()) });
      return opened;
    },
    close: () => (closing ??= closeAll().finally(() => (closing = undefined))),
  };
}
