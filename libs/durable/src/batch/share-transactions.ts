import type { Transaction } from 'kysely';
import type { Database, WorkOptions } from '../postgres/database.ts';
import {
  CommitUnknown,
  DatabaseUnavailable,
  isConflict,
  StatementFailed,
  WorkCancelled,
} from '../postgres/errors.ts';
import { createGather, Failed, type Gather, type GatherOptions } from './create-gather.ts';

export interface SharedWork extends WorkOptions {
  /**
   * What no two pieces of work in one transaction may be about: the operation's key, the row that is decided on. Undefined for
   * work that wants a transaction of its own.
   */
  apart: string | undefined;
  /** Only work of one kind shares a transaction. Few, for each has batches of its own. Default: one kind. */
  kind?: string;
}

export interface SharedTransactions<S> {
  /**
   * Runs `work` in a transaction that it shares with what else arrives, and resolves only after COMMIT. It may run again, and
   * its effects must stay inside `tx`. An error of its own is its own: the others run again without it. When it is the database
   * that refuses a statement the batch is halved until the work that it refuses stands alone.
   */
  run<T>(work: (tx: Transaction<S>) => Promise<T>, options: SharedWork): Promise<T>;
  drain(): Promise<void>;
}

type ShareOptions = Pick<GatherOptions<never, never>, 'maxItems' | 'maxRunning' | 'maxWaiting'>;

interface Item<S> {
  work(tx: Transaction<S>): Promise<unknown>;
  apart: string;
}
type Outcomes = readonly unknown[];

/** Some members failed by themselves, so that nothing of the transaction may stay. */
class MembersFailed extends Error {
  readonly outcomes: Outcomes;
  constructor(outcomes: Outcomes) {
    super('some of the work in a shared transaction failed');
    this.outcomes = outcomes;
  }
}

/**
 * One transaction, one commit for all work that arrives in the same turn or while such a transaction is under way. Write what
 * the work does with `sameMoment`, and it is one statement for all as well.
 */
export function shareTransactions<S>(db: Database<S>, options: ShareOptions = {}): SharedTransactions<S> {
  const kinds = new Map<string, Gather<Item<S>, unknown>>();
  const gatherOf = (kind: string): Gather<Item<S>, unknown> => {
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    const gather = createGather<Item<S>, unknown>({
      ...options,
      work: (items, signal) => runTogether(db, items, signal),
      nameOf: ({ apart }) => apart,
      isNobodysFault: (error) => error instanceof DatabaseUnavailable || error instanceof CommitUnknown,
    });
    kinds.set(kind, gather);
    return gather;
  };
  return {
    run: <T>(work: (tx: Transaction<S>) => Promise<T>, { apart, kind = '', ...rest }: SharedWork) =>
      apart === undefined
        ? db.transaction(work, rest)
        : (gatherOf(kind).add({ work, apart }, rest) as Promise<T>),
    drain: async () => void (await Promise.all([...kinds.values()].map((gather) => gather.drain()))),
  };
}

async function runTogether<S>(
  db: Database<S>,
  items: readonly Item<S>[],
  signal: AbortSignal,
): Promise<Outcomes> {
  if (items.length === 0) return [];
  try {
    return await db.transaction(
      async (tx) => {
        const outcomes = await Promise.all(items.map(({ work }) => settled(work(tx))));
        const failures = outcomes.flatMap((one) => (one instanceof Failed ? [one.error] : []));
        if (failures.length === 0) return outcomes;
        throw failures.find(isConflict) ?? failures.find(isOfTheDatabase) ?? new MembersFailed(outcomes);
      },
      { signal },
    );
  } catch (error) {
    if (!(error instanceof MembersFailed)) throw error;
    const { outcomes } = error;
    const left = items.filter((_, at) => !(outcomes[at] instanceof Failed));
    const again = (await runTogether(db, left, signal)).values();
    return outcomes.map((one) => (one instanceof Failed ? one : again.next().value));
  }
}

async function settled(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return new Failed(error);
  }
}

/** Whose fault it is cannot be told from such an error: it may have come to everybody in the moment. */
function isOfTheDatabase(error: unknown): boolean {
  return (
    error instanceof StatementFailed || error instanceof DatabaseUnavailable || error instanceof WorkCancelled
  );
}
