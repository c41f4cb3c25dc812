import { currentContext, runInContext, type Context } from './context.ts';
import { asRpcError, type RpcError } from './status.ts';

/** How one of many calls ended. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: RpcError };

/** Options of {@link callAll}. */
export interface CallAllOptions {
  /** How many are under way at once. Default 16. */
  readonly concurrency?: number;
  /** What they belong to, and end with. Default: currentContext(). */
  readonly context?: Context;
}

/**
 * Makes a call for each item, some at a time, and tells of each how it ended, in the order of the items. Never rejects: one that fails
 * is no reason to lose the others. Once the context is cancelled no further call is made: what is left fails for the same reason, `never`
 * sent.
 */
export async function callAll<In, Out>(
  items: Iterable<In>,
  call: (item: In, context: Context) => Promise<Out>,
  { concurrency = 16, context = currentContext() }: CallAllOptions = {},
): Promise<Outcome<Out>[]> {
  const one = async (item: In): Promise<Outcome<Out>> => {
    if (context.cancelled) return { ok: false, error: context.cancelled.with({ sent: 'never' }) };
    try {
      return { ok: true, value: await runInContext(context, () => call(item, context)) };
    } catch (error) {
      return { ok: false, error: asRpcError(error) };
    }
  };
  const all = [...items];
  const outcomes: Outcome<Out>[] = [];
  const waiting = all.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) outcomes[index] = await one(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, all.length)) }, work));
  return outcomes;
}
