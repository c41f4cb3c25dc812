import { StepTimeout } from './errors.ts';

/**
 * Runs `action` with a signal that aborts after `limitMs` or with `outer`, and waits no longer than that signal, even
 * when the action does not listen to it.
 */
export async function within<T>(
  limitMs: number,
  outer: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const inner = new AbortController();
  const { promise: over, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    inner.abort(reason);
    reject(reason);
  };
  const onOuter = (): void => end(outer.reason);
  const timer = setTimeout(() => end(new StepTimeout(limitMs)), limitMs);
  outer.addEventListener('abort', onOuter, { once: true });
  try {
    return await Promise.race([action(inner.signal), over]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', onOuter);
  }
}
