const callbacks = new WeakMap<object, (() => void)[]>();

/** Calls back when the transaction is on disk; not at all when it is rolled back, or when nobody knows. */
export function afterCommit(tx: object, callback: () => void): void {
  const known = callbacks.get(tx);
  if (known === undefined) callbacks.set(tx, [callback]);
  else known.push(callback);
}

/** For the one who has seen the commit. */
export function isCommitted(tx: object): void {
  for (const callback of callbacks.get(tx) ?? []) callback();
}
