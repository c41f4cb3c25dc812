import { codeName, RpcError } from '@millrace/rpc';

/** What became of calls that were all started at once. */
export interface Flooded {
  readonly answered: number;
  /** Refused before anything was done for them, by the reason they were told. */
  readonly refused: Readonly<Record<string, number>>;
  /** Failed otherwise: nobody knows whether they have run, or why they failed. */
  readonly unexplained: number;
}

/** Without a reason of its own an error has the name of its status for one. */
function isRefusal(error: unknown): error is RpcError {
  return error instanceof RpcError && error.sent !== 'maybe' && error.reason !== codeName(error.code);
}

/** Starts so many calls in one turn of the event loop, and waits for all of them. */
export async function flood(count: number, call: () => Promise<unknown>): Promise<Flooded> {
  const refused: Record<string, number> = {};
  let answered = 0;
  let unexplained = 0;
  const failed = (error: unknown): void => {
    if (isRefusal(error)) refused[error.reason] = (refused[error.reason] ?? 0) + 1;
    else unexplained += 1;
  };
  const calls = Array.from({ length: count }, () => call().then(() => void (answered += 1), failed));
  await Promise.all(calls);
  return { answered, refused, unexplained };
}
