import { fromJson, type DescField, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { hasCustomJsonRepresentation } from '@bufbuild/protobuf/wkt';
import type { FieldViolation } from '@millrace/rpc';

/** As many as a person repairs at once; a hostile body could name thousands. */
const MAX_FAULTS = 20;

const isObject = (json: JsonValue): json is { [key: string]: JsonValue } =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** What the decoder says of a value, without its own prefix. */
function complaint(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause instanceof Error ? cause.message : message).replace(/^cannot decode .*? from JSON: /, '');
}

function* leafFaults(field: DescField, json: JsonValue, path: string): Iterable<FieldViolation> {
  try {
    fromJson(field.parent as DescMessage, { [field.name]: json });
  } catch (error) {
    yield { field: path, description: complaint(error) };
  }
}

function* valueFaults(field: DescField, json: JsonValue, path: string): Iterable<FieldViolation> {
  const { message } = field;
  if (message && !hasCustomJsonRepresentation(message)) yield* messageFaults(message, json, path);
  else if (field.fieldKind === 'list') yield* leafFaults(field, [json], path);
  else if (field.fieldKind === 'map')
    yield* leafFaults(field, { [path.slice(path.lastIndexOf('[') + 1, -1)]: json }, path);
  else yield* leafFaults(field, json, path);
}

function* fieldFaults(field: DescField, json: JsonValue, path: string): Iterable<FieldViolation> {
  if (field.fieldKind === 'list' && Array.isArray(json)) {
    for (const [i, item] of json.entries()) yield* valueFaults(field, item, `${path}[${i}]`);
  } else if (field.fieldKind === 'map' && isObject(json)) {
    for (const [key, item] of Object.entries(json)) yield* valueFaults(field, item, `${path}[${key}]`);
  } else if (field.fieldKind === 'list' || field.fieldKind === 'map') {
    yield* leafFaults(field, json, path);
  } else if (json !== null) {
    yield* valueFaults(field, json, path);
  }
}

function* messageFaults(message: DescMessage, json: JsonValue, path: string): Iterable<FieldViolation> {
  if (!isObject(json)) {
    yield { field: path || 'body', description: 'expected a JSON object' };
    return;
  }
  for (const [key, value] of Object.entries(json)) {
    const field = message.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field) yield* fieldFaults(field, value, join(path, field.name));
    else yield { field: join(path, key), description: `${message.name} has no such field` };
  }
}

/**
 * Why JSON is not a message, field by field. The library's own error names the innermost field only; this walks the value
 * again, and only once decoding has failed.
 */
export function jsonFaults(message: DescMessage, json: JsonValue, error: unknown): FieldViolation[] {
  const found = Iterator.from(messageFaults(message, json, ''))
    .take(MAX_FAULTS)
    .toArray();
  return found.length > 0 ? found : [{ field: 'body', description: complaint(error) }];
}
