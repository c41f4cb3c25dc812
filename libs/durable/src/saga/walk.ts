import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { Outcome, SagaDefinition, Step } from './definition.ts';
import { stepAt } from './define-saga.ts';
import type { SagaRow } from './saga-row.ts';
import { viewOf } from './saga-row.ts';
import type { LogEntry } from './saga-store.ts';

/** What is known since the row was saved last. */
export type News =
  | { kind: 'none' }
  | { kind: 'outcome'; outcome: Outcome<unknown> }
  | { kind: 'undone' }
  | { kind: 'exhausted' };

/** A saga's way through one transaction: the row as it will be saved, and the log that explains it. */
export interface Walk<S> {
  tx: Transaction<S>;
  definition: SagaDefinition<unknown, S>;
  row: SagaRow;
  log: LogEntry[];
}

/**
 * Goes as far as one transaction can: it takes in the news, does all local steps that follow, and stops before the next
 * remote action, whose intent it leaves recorded, or at the end.
 *
 * The commits of a saga reserve(local), authorize(remote), capture(remote), confirm(local): one that begins it, which is
 * the business transaction's own; one for the claim, shared by all sagas that are due in that moment; then
 * [reserve + intent of authorize], [authorized + intent of capture], [captured + confirm + end]. Three of its own.
 * Refused at authorize and compensated: [reserve + intent], [refused, turned back], [voided + released + end].
 */
export async function walkOn<S extends DurableTables>(walk: Walk<S>, news: News): Promise<void> {
  const { row } = walk;
  if (row.state === 'running') {
    if (news.kind === 'exhausted') turnBack(walk, 'RETRIES_EXHAUSTED');
    else await forward(walk, news.kind === 'outcome' ? news.outcome : undefined);
  }
  if (row.state === 'compensating') await backward(walk, news.kind === 'undone');
}

async function forward<S extends DurableTables>(
  walk: Walk<S>,
  first: Outcome<unknown> | undefined,
): Promise<void> {
  const { row, definition } = walk;
  for (let given = first; ; given = { kind: 'done' }) {
    if (given !== undefined && !(await take(walk, given))) return;
    if (row.cancel_reason !== null && row.cancellable) return turnBack(walk, row.cancel_reason);
    if (row.step === definition.steps.length) {
      await definition.completed?.(walk.tx, viewOf(row));
      row.state = 'completed';
      walk.log.push({ step: null, kind: 'completed', detail: null });
      return;
    }
    const step = stepAt(definition, row.step);
    if (step.pivot === true) row.cancellable = false;
    if (step.execute !== undefined) {
      row.started = true;
      walk.log.push({ step: step.name, kind: 'intent', detail: null });
      return;
    }
  }
}

/** Records the current step's outcome; false when it was a refusal and the saga turned back. */
async function take<S extends DurableTables>(walk: Walk<S>, given: Outcome<unknown>): Promise<boolean> {
  const { row } = walk;
  const step = stepAt(walk.definition, row.step);
  Object.assign(row, { data: { ...row.data, ...given.data } });
  const outcome = (await step.record?.(walk.tx, viewOf(row), given)) ?? given;
  Object.assign(row, { data: { ...row.data, ...outcome.data } });
  if (outcome.kind === 'refused') {
    walk.log.push({ step: step.name, kind: 'refused', detail: outcome.reason });
    turnBack(walk, outcome.reason);
    return false;
  }
  walk.log.push({ step: step.name, kind: 'done', detail: null });
  Object.assign(row, { step: row.step + 1, started: false, attempts: 0 });
  return true;
}

/** From here on backwards, beginning with the current step if its action may have happened. */
function turnBack<S>({ row, log }: Walk<S>, reason: string): void {
  const step = row.started ? row.step : row.step - 1;
  Object.assign(row, {
    state: 'compensating',
    failure: reason,
    step,
    started: false,
    cancellable: false,
    attempts: 0,
  });
  log.push({ step: null, kind: 'compensating', detail: reason });
}

async function backward<S extends DurableTables>(walk: Walk<S>, undone: boolean): Promise<void> {
  const { row, definition, tx, log } = walk;
  for (let acted = undone; row.step >= 0; acted = false) {
    const step: Step<unknown, S> = stepAt(definition, row.step);
    if (step.compensate !== undefined && !acted) return;
    await step.recordUndo?.(tx, viewOf(row));
    if (acted || step.recordUndo !== undefined) log.push({ step: step.name, kind: 'undone', detail: null });
    Object.assign(row, { step: row.step - 1, attempts: 0 });
  }
  await definition.compensated?.(tx, viewOf(row), row.failure ?? '');
  row.state = 'compensated';
  log.push({ step: null, kind: 'compensated', detail: row.failure });
}
