import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { CommitUnknown, DatabaseUnavailable } from '../postgres/errors.ts';
import { backoffMs } from './backoff.ts';
import { stepAt } from './define-saga.ts';
import type { Outcome } from './definition.ts';
import type { Engine } from './engine.ts';
import { LeaseLost } from './errors.ts';
import type { SagaRow } from './saga-row.ts';
import { isEnded, viewOf } from './saga-row.ts';
import { lockSaga, saveSaga } from './saga-store.ts';
import type { News, Walk } from './walk.ts';
import { walkOn } from './walk.ts';
import { within } from './within.ts';

const defaultTimeoutMs = 10_000;
const defaultMaxRetries = 60;

/** How a runner's work on a saga came to its end. */
export type Ending =
  | { kind: 'completed' | 'compensated' | 'parked' | 'lease-lost' }
  | { kind: 'waits'; forMs: number }
  /** The lease is still ours: the runner is stopping, or the database could not be written. */
  | { kind: 'interrupted'; error?: unknown };

/** Takes a claimed saga as far as it goes. Never throws. */
export async function runSaga<S extends DurableTables>(
  engine: Engine<S>,
  claimed: SagaRow,
  signals: { lost: AbortSignal; isStopping(): boolean },
): Promise<Ending> {
  let row = claimed;
  try {
    await engine.probe('leased', row.id);
    while (!signals.isStopping()) {
      let news: News = { kind: 'none' };
      try {
        news = await act(engine, row, signals.lost);
        row = await record(engine, row, news);
      } catch (error) {
        if (isInterruption(error)) throw error;
        return await recordFailure(engine, row, error);
      }
      if (row.state === 'completed' || row.state === 'compensated') return { kind: row.state };
    }
    return { kind: 'interrupted' };
  } catch (error) {
    return error instanceof LeaseLost ? { kind: 'lease-lost' } : { kind: 'interrupted', error };
  }
}

function isInterruption(error: unknown): boolean {
  return error instanceof LeaseLost || error instanceof DatabaseUnavailable || error instanceof CommitUnknown;
}

/** Does what the row says is due outside a transaction: the started step's action, or an undoing. */
async function act<S extends DurableTables>(
  engine: Engine<S>,
  row: SagaRow,
  lost: AbortSignal,
): Promise<News> {
  const step = stepAt(engine.definitionOf(row), row.step);
  const undoing = row.state === 'compensating';
  if (mayTurnBack(row)) {
    if (row.attempts > (step.maxRetries ?? defaultMaxRetries)) return { kind: 'exhausted' };
    // An aborting saga never runs an action again just to learn its outcome.
    if (row.cancel_reason !== null) return { kind: 'none' };
  }
  if (!undoing && !row.started) return { kind: 'none' };
  const call = <T>(action: (call: { key: string; signal: AbortSignal }) => Promise<T>): Promise<T> =>
    within(step.timeoutMs ?? defaultTimeoutMs, lost, (signal) =>
      action({ key: `${row.id}:${step.name}`, signal }),
    );
  await engine.probe('intent-recorded', row.id);
  const view = viewOf(row);
  if (undoing) {
    if (step.compensate === undefined) return { kind: 'none' };
    await call(async (to) => step.compensate?.(view, to));
    await engine.probe('acted', row.id);
    return { kind: 'undone' };
  }
  const done: Outcome<unknown> = { kind: 'done' };
  const outcome = (await call(async (to) => step.execute?.(view, to))) ?? done;
  await engine.probe('acted', row.id);
  return { kind: 'outcome', outcome };
}

/**
 * One transaction: the lease is checked and the row locked first, then everything that can be done is done and logged. Sagas
 * that stand at the same step share it: what they write comes in the same order in all such transactions.
 */
async function record<S extends DurableTables>(
  engine: Engine<S>,
  claimed: SagaRow,
  news: News,
): Promise<SagaRow> {
  const { id, type, version, state, step } = claimed;
  const lease = { id, token: claimed.lease_token };
  const record = async (tx: Transaction<S>): Promise<SagaRow> => {
    const row = await lockSaga(engineTables(tx), lease);
    const walk: Walk<S> = { tx, definition: engine.definitionOf(row), row, log: [] };
    await walkOn(walk, news);
    await engine.probe(isEnded(row) ? 'before-terminal' : 'before-intent', row.id);
    await saveSaga(engineTables(tx), { row, log: walk.log });
    return row;
  };
  const kind = `${type} ${version} ${state} ${step}`;
  const saved = await engine.transactions.run(record, { apart: id, kind });
  await engine.probe(isEnded(saved) ? 'terminal' : 'recorded', saved.id);
  return saved;
}

/** An attempt failed or its outcome is unknown: somebody tries again later, until a person has to look. */
async function recordFailure<S extends DurableTables>(
  engine: Engine<S>,
  row: SagaRow,
  error: unknown,
): Promise<Ending> {
  const { db, logger, onError } = engine.options;
  const { id, type, attempts } = row;
  const { name, maxRetries = defaultMaxRetries } = stepAt(engine.definitionOf(row), row.step);
  const reason = reasonOf(error);
  logger?.warn({ err: error, saga: id, type, step: name, attempts }, 'an attempt at a saga step failed');
  onError?.(error, id);
  const log = [{ step: name, kind: 'failed', detail: reason }];
  const counted = { ...row, attempts: attempts + 1 };
  // Where turning back is still possible it gets as many attempts as the step had.
  const limit = mayTurnBack(row) ? 2 * maxRetries + 1 : maxRetries;
  if (attempts < limit) {
    const forMs = attempts === maxRetries ? 0 : backoffMs(attempts);
    await db.read((on) => saveSaga(engineTables(on), { row: counted, log, waitMs: forMs }));
    return { kind: 'waits', forMs };
  }
  log.push({ step: name, kind: 'parked', detail: reason });
  await db.read((on) => saveSaga(engineTables(on), { row: { ...counted, parked: reason }, log }));
  return { kind: 'parked' };
}

function mayTurnBack({ state, cancellable }: SagaRow): boolean {
  return state === 'running' && cancellable;
}

const longestReason = 200;

/** For the log a person reads: the stable reason where there is one, never a stack. */
function reasonOf(error: unknown): string {
  const { reason, message } = error as { reason?: unknown; message?: unknown };
  const text = typeof reason === 'string' && reason !== '' ? reason : String(message ?? error);
  return text.slice(0, longestReason);
}
