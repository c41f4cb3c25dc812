import type { OperationKey, OperationSubject } from './operation.ts';

interface Waiter {
  reply: Promise<Uint8Array>;
  reject(error: Error): void;
  remove(): void;
}

export interface Waiters {
  add(operation: OperationKey & { subjectId?: string }): Waiter;
  has(operation: OperationKey | OperationSubject): boolean;
  resolve(operation: OperationKey | OperationSubject, reply: Uint8Array): void;
  rejectAll(error: Error): void;
  /** Of all that wait, each once. */
  keys(): OperationKey[];
  isEmpty(): boolean;
}

type Pending = PromiseWithResolvers<Uint8Array> & { key: OperationKey };

/** Who waits for which operation, found by its key or by its subject. */
export function createWaiters(): Waiters {
  const byName = new Map<string, Set<Pending>>();
  const all = new Set<Pending>();
  const remove = (pending: Pending, names: readonly string[]): void => {
    all.delete(pending);
    for (const name of names) {
      const same = byName.get(name);
      same?.delete(pending);
      if (same?.size === 0) byName.delete(name);
    }
  };
  return {
    add({ subjectId, ...key }) {
      const pending: Pending = { ...Promise.withResolvers<Uint8Array>(), key };
      const { tenant, method } = key;
      const names = [nameOf(key)];
      if (subjectId !== undefined) names.push(nameOf({ tenant, method, subjectId }));
      all.add(pending);
      for (const name of names) byName.set(name, (byName.get(name) ?? new Set()).add(pending));
      return { reply: pending.promise, reject: pending.reject, remove: () => remove(pending, names) };
    },
    has: (operation) => byName.has(nameOf(operation)),
    resolve(operation, reply) {
      for (const pending of byName.get(nameOf(operation)) ?? []) pending.resolve(reply);
    },
    rejectAll(error) {
      for (const pending of all) pending.reject(error);
    },
    keys: () => [...new Map([...all].map(({ key }) => [nameOf(key), key])).values()],
    isEmpty: () => all.size === 0,
  };
}

function nameOf(operation: OperationKey | OperationSubject): string {
  const { tenant, method } = operation;
  const named = 'key' in operation ? ['key', operation.key] : ['subject', operation.subjectId];
  return JSON.stringify([tenant, method, ...named]);
}
