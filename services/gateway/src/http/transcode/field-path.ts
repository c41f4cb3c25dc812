import type { DescField, DescMessage, JsonValue } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';

/** A field of a request and the messages around it, outermost first. */
export type FieldPath = readonly [DescField, ...DescField[]];

const AS_STRING = new Set([
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
  'google.protobuf.FieldMask',
]);

/** Finds `order.customer_id` in a message; each step by its proto or its JSON name. Undefined when there is none. */
export function findField(message: DescMessage, path: string): FieldPath | undefined {
  const fields: DescField[] = [];
  let inside: DescMessage | undefined = message;
  for (const name of path.split('.')) {
    const field: DescField | undefined = inside?.fields.find(
      (one) => one.name === name || one.jsonName === name,
    );
    if (!field) return undefined;
    fields.push(field);
    inside = field.fieldKind === 'message' ? field.message : undefined;
  }
  return fields as unknown as FieldPath;
}

/** The path as errors name it. */
export const nameOf = (path: FieldPath): string => path.map(({ name }) => name).join('.');

function scalarOf(field: DescField): ScalarType | 'enum' | undefined {
  if (field.fieldKind === 'enum') return 'enum';
  if (field.fieldKind === 'scalar') return field.scalar;
  if (field.fieldKind === 'list') return field.listKind === 'scalar' ? field.scalar : scalarOfMessage(field);
  return field.fieldKind === 'message' ? scalarOfMessage(field) : undefined;
}

function scalarOfMessage(field: DescField): ScalarType | 'enum' | undefined {
  if (field.enum) return 'enum';
  const { message } = field;
  if (!message) return undefined;
  if (AS_STRING.has(message.typeName)) return ScalarType.STRING;
  return isWrapperDesc(message) ? message.fields[0].scalar : undefined;
}

/** Whether a path or query can fill the field at all: messages and maps have no text form. */
export const hasTextForm = (field: DescField): boolean => scalarOf(field) !== undefined;

/** A value of a path or a query in the form that proto3 JSON has for the field. What does not fit stays a string and is refused when it is decoded. */
export function textToJson(field: DescField, text: string): JsonValue {
  const scalar = scalarOf(field);
  if (scalar === ScalarType.BOOL && (text === 'true' || text === 'false')) return text === 'true';
  return scalar === 'enum' && /^-?\d{1,10}$/.test(text) ? Number(text) : text;
}
