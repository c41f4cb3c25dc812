import type { Selectable } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { decodeData } from './data.ts';
import type { SagaView } from './definition.ts';

/** A saga as it is stored, with its data decoded. */
export type SagaRow = Omit<Selectable<DurableTables['saga']>, 'data'> & { data: object };

export function toSagaRow(stored: Selectable<DurableTables['saga']>): SagaRow {
  return { ...stored, data: decodeData(stored.data) as object };
}

export function viewOf({ id, type, tenant, data, trace, attempts }: SagaRow): SagaView<unknown> {
  return { id, type, tenant, data, trace: trace ?? undefined, attempts };
}

export function isEnded({ state }: Pick<SagaRow, 'state'>): boolean {
  return state === 'completed' || state === 'compensated';
}
