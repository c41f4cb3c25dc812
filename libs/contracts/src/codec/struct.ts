import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { ListValue, Struct, Value } from '@bufbuild/protobuf/wkt';
import { isRecord, setOwn } from './record.ts';
import { refuse } from './refuse.ts';

/** The message that a JSON object stands for. Throws a TypeError that names the field when something in it is no JSON. */
export function structOf(json: unknown, field: string): Struct {
  if (!isRecord(json)) refuse(field, 'JSON object', json);
  const fields: Struct['fields'] = {};
  for (const key of Object.keys(json)) setOwn(fields, key, valueOf(json[key], field));
  return { $typeName: 'google.protobuf.Struct', fields };
}

function valueOf(json: unknown, field: string): Value {
  return { $typeName: 'google.protobuf.Value', kind: kindOf(json, field) };
}

function kindOf(json: unknown, field: string): Value['kind'] {
  if (json === null) return { case: 'nullValue', value: 0 };
  switch (typeof json) {
    case 'number':
      return { case: 'numberValue', value: json };
    case 'string':
      return { case: 'stringValue', value: json };
    case 'boolean':
      return { case: 'boolValue', value: json };
    default: {
      if (!Array.isArray(json)) return { case: 'structValue', value: structOf(json, field) };
      const values = json.map((item) => valueOf(item, field));
      const list: ListValue = { $typeName: 'google.protobuf.ListValue', values };
      return { case: 'listValue', value: list };
    }
  }
}

/** Puts what the message stands for into the JSON object, which it returns. A value of no kind is null. */
export function mergeInto(json: JsonObject, { fields }: Struct): JsonObject {
  for (const key of Object.keys(fields)) setOwn(json, key, jsonOfValue(fields[key]?.kind));
  return json;
}

function jsonOfValue(kind: Value['kind'] = { case: undefined }): JsonValue {
  switch (kind.case) {
    case undefined:
    case 'nullValue':
      return null;
    case 'structValue':
      return mergeInto({}, kind.value);
    case 'listValue':
      return kind.value.values.map((value) => jsonOfValue(value.kind));
    default:
      return kind.value;
  }
}
