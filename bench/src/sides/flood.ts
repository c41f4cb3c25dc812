import { RpcError } from '@millrace/rpc';

/** What became of calls that were all started at once. */
export interface Flooded {
  readonly answered: number;
  /** Refused, by the reason they were told. */
  readonly refused: Readonly<Record<string, number>>;
  /** Failed without a reason. */
  readonly unexplained: number;
}

/** Starts so many calls in one turn of the event loop, and waits for all of them. */
export async function flood(count: number, call: () => Promise<unknown>): Promise<Flooded> {
  const refused: Record<string, number> = {};
  let answered = 0;
  let unexplained = 0;
  const failed = (error: unknown): void => {
    const reason = error instanceof RpcError ? error.reason : '';
    if (reason === '') unexplained += 1;
    else refused[reason] = (refused[reason] ?? 0) + 1;
  };
  const calls = Array.from({ length: count }, () => call().then(() => void (answered += 1), failed));
  await Promise.all(calls);
  return { answered, refused, unexplained };
}
