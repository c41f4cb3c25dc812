import { createSeal } from '@millrace/durable';
import { refuse, wrong } from '../domain/order-error.ts';

/** Asks for a page of a list. */
export interface PageRequest {
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** A page of `found`, of which one more than fits was asked for, to see whether there is another page. */
export function toPage<T>(found: readonly T[], pageSize: number, tokenOf: (last: T) => string): Page<T> {
  const items = found.slice(0, pageSize);
  const last = found.length > pageSize ? items.at(-1) : undefined;
  return { items, nextPageToken: last === undefined ? '' : tokenOf(last) };
}

/**
 * Marks of a place in a list or stream, good in one scope. What a caller may see is decided by the query itself, each time.
 * `decode` throws INVALID_CURSOR or INVALID_PAGE_TOKEN.
 */
export function createCursors(scope: readonly unknown[], field: 'cursor' | 'page_token') {
  const { close: encode, open } = createSeal(scope);
  const unknown = 'was not given out for this caller and query';
  const decode = (cursor: string): string => {
    const position = open(cursor);
    if (position === undefined) refuse([wrong(field, `INVALID_${field.toUpperCase()}`, unknown)]);
    return position ?? '';
  };
  return { encode, decode };
}
