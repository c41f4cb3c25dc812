import { AsyncLocalStorage } from 'node:async_hooks';
import { DatabaseUnavailable, WorkCancelled } from '../postgres/errors.ts';
import type { WorkOptions } from '../postgres/database.ts';

/** What `work` gives for an item that failed by itself. */
export class Failed {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

export interface GatherOptions<I, O> {
  /**
   * Works on many at once and gives what came of each, in their order. Where it rejects, each half of the items is tried by
   * itself, until the one that it fails for stands alone. The signal aborts when nobody waits for any of them.
   */
  work(items: readonly I[], signal: AbortSignal): Promise<readonly (O | Failed)[]>;
  /** Items of one name never share a batch. Default: all may. */
  nameOf?(item: I): string | undefined;
  /** Whether nothing in the batch is to blame for a failure: then all of it fails, and nothing is tried again. */
  isNobodysFault?(error: unknown): boolean;
  /** Items in a batch. Default 128. */
  maxItems?: number;
  /** Batches at once. Default 1. */
  maxRunning?: number;
  /** Items that wait for a batch. More are refused with DatabaseUnavailable. Default 10,000. */
  maxWaiting?: number;
}

export interface Gather<I, O> {
  /**
   * Resolves with what became of the item. A signal that aborts takes it out as long as its batch is not sent, and rejects
   * with WorkCancelled; afterwards the item shares the fate of its batch.
   */
  add(item: I, options?: WorkOptions): Promise<O>;
  /** Resolves when nothing waits and nothing runs. */
  drain(): Promise<void>;
}

interface Member<I, O> extends PromiseWithResolvers<O> {
  item: I;
  name: string | undefined;
  signal: AbortSignal | undefined;
  onAbort(): void;
}

/**
 * Makes batches of what arrives in the same turn of the event loop or while a batch is under way. Nothing waits when nothing
 * runs. Batches run outside their callers' contexts: each is everybody's.
 */
export function createGather<I, O>(options: GatherOptions<I, O>): Gather<I, O> {
  const { nameOf = () => undefined, maxItems = 128, maxRunning = 1, maxWaiting = 10_000 } = options;
  const detached = AsyncLocalStorage.snapshot();
  let waiting: Member<I, O>[] = [];
  const running = new Set<Promise<void>>();
  let isScheduled = false;

  const pump = (): void => {
    isScheduled = false;
    while (waiting.length > 0 && running.size < maxRunning) {
      const { batch, rest } = cut(waiting, maxItems);
      waiting = rest;
      const sent = send(batch, options).finally(() => {
        running.delete(sent);
        pump();
      });
      running.add(sent);
    }
  };
  const schedule = (): void => {
    if (isScheduled || running.size >= maxRunning) return;
    isScheduled = true;
    setImmediate(() => detached(pump));
  };
  return {
    add(item, { signal } = {}) {
      if (signal?.aborted === true) return Promise.reject(new WorkCancelled(signal.reason));
      if (waiting.length >= maxWaiting) {
        return Promise.reject(new DatabaseUnavailable('too much waits to be written'));
      }
      const onAbort = (): void => {
        waiting = waiting.filter((one) => one !== member);
        member.reject(new WorkCancelled(signal?.reason));
      };
      const member = { ...Promise.withResolvers<O>(), item, name: nameOf(item), signal, onAbort };
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.push(member);
      schedule();
      return member.promise;
    },
    async drain() {
      while (waiting.length > 0 || running.size > 0) {
        await Promise.all(running);
        await new Promise(setImmediate);
      }
    },
  };
}

/** The next batch, in order of arrival; what has the name of one before it waits for the next. */
function cut<I, O>(waiting: readonly Member<I, O>[], maxItems: number) {
  const batch: Member<I, O>[] = [];
  const rest: Member<I, O>[] = [];
  const names = new Set<string>();
  for (const member of waiting) {
    const { name } = member;
    if (batch.length === maxItems || (name !== undefined && names.has(name))) rest.push(member);
    else batch.push(member);
    if (name !== undefined) names.add(name);
  }
  return { batch, rest };
}

/** From here on nobody leaves; when all would like to, the batch is given up. */
async function send<I, O>(batch: readonly Member<I, O>[], options: GatherOptions<I, O>): Promise<void> {
  const abandoned = new AbortController();
  let wanted = batch.length;
  const leave = (): void => {
    wanted -= 1;
    if (wanted === 0) abandoned.abort();
  };
  for (const { signal, onAbort } of batch) {
    signal?.removeEventListener('abort', onAbort);
    signal?.addEventListener('abort', leave, { once: true });
  }
  await settle(batch, options, abandoned.signal);
  for (const { signal } of batch) signal?.removeEventListener('abort', leave);
}

async function settle<I, O>(
  members: readonly Member<I, O>[],
  options: GatherOptions<I, O>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const outcomes = await options.work(
      members.map(({ item }) => item),
      signal,
    );
    for (const [at, member] of members.entries()) {
      const outcome = outcomes[at];
      if (outcome instanceof Failed) member.reject(outcome.error);
      else member.resolve(outcome as O);
    }
  } catch (error) {
    if (members.length === 1 || signal.aborted || options.isNobodysFault?.(error) === true) {
      for (const member of members) member.reject(error);
      return;
    }
    const half = members.length >> 1;
    await settle(members.slice(0, half), options, signal);
    await settle(members.slice(half), options, signal);
  }
}
