import type { DurableTables } from '../postgres/durable-tables.ts';
import type { SagaDefinition, Step } from './definition.ts';

/** Checks a definition and gives it back. Throws when it could not work. */
export function defineSaga<D, S = DurableTables>(definition: SagaDefinition<D, S>): SagaDefinition<D, S> {
  const { type, steps } = definition;
  const wrong = (what: string): never => {
    throw new Error(`saga ${type}: ${what}`);
  };
  if (steps.length === 0) wrong('it has no steps');
  if (new Set(steps.map(({ name }) => name)).size < steps.length) wrong('two steps have the same name');
  if (steps.filter(({ pivot }) => pivot).length > 1) wrong('it has two pivots');
  const idle = steps.find(({ execute, record }) => execute === undefined && record === undefined);
  if (idle !== undefined) wrong(`step ${idle.name} does nothing`);
  return definition;
}

/** The step a row's index means. A row can only name a missing one when the definition changed without a new version. */
export function stepAt<S>(
  { type, version, steps }: SagaDefinition<unknown, S>,
  index: number,
): Step<unknown, S> {
  const step = steps[index];
  if (step === undefined) throw new Error(`saga ${type} version ${version} has no step ${index}`);
  return step;
}
