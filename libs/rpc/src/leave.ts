const ignore = (): void => undefined;

/** Tells a source that nobody reads on. How it takes that is its own affair, and is not waited for. */
export function leave(source: AsyncIterator<unknown> | undefined): void {
  try {
    source?.return?.().then(ignore, ignore);
  } catch {
    // As above.
  }
}
