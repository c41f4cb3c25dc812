import { isRecord } from './record.ts';
import { refuse } from './refuse.ts';

/** Throws a TypeError unless the value is an initializer: an object that says of no type that it is one. */
export function checkInitializer(value: unknown, typeName: string): void {
  const given = isRecord(value) ? value['$typeName'] : value;
  if (given !== undefined || value === undefined)
    refuse(typeName, 'message of this type or an initializer of one', given);
}

/** The name of the field that is set; undefined when none is. */
export function caseOf(oneof: { readonly case?: unknown } | null | undefined, field: string): unknown {
  if (oneof == null) return undefined;
  if (!isRecord(oneof)) refuse(field, 'object with case and value', oneof);
  return oneof.case ?? undefined;
}

/** The items of a repeated field: an array, or a typed array of numbers. */
export function checkList(value: unknown, field: string): void {
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value))
    refuse(field, 'array', value);
}
