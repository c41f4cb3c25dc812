import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { badRequest, type FieldViolation } from '@millrace/rpc';
import { findField, hasTextForm, nameOf, textToJson, type FieldPath } from './field-path.ts';
import type { Route } from './route.ts';

/** A field with the text that a path, a query or a header gives it. */
export interface TextField {
  readonly path: FieldPath;
  readonly values: readonly string[];
}

function decodeQueryPart(text: string, name: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badRequest([{ field: name, description: 'is not percent-encoded UTF-8' }]);
  }
}

function parseQuery(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [rawName = '', ...rest] = pair.split('=');
    const name = decodeQueryPart(rawName, 'query');
    values.set(name, [...(values.get(name) ?? []), decodeQueryPart(rest.join('='), name)]);
  }
  return values;
}

function faultOf(route: Route, name: string, values: readonly string[]): string | undefined {
  const path = findField(route.method.request.descriptor, name);
  if (!path || route.body === 'message') return 'is no query parameter of this method';
  if (path[0] === route.body) return 'belongs into the body';
  const field = path.at(-1) ?? path[0];
  if (!hasTextForm(field)) return 'cannot be given in the query';
  return values.length > 1 && field.fieldKind !== 'list' ? 'is given more than once' : undefined;
}

/** Reads the query's fields. Throws INVALID_ARGUMENT naming each parameter that the method does not take. */
export function readQuery(route: Route, query: string): TextField[] {
  const parsed = [...parseQuery(query)];
  const faults = parsed.flatMap(([name, values]): FieldViolation[] => {
    const description = faultOf(route, name, values);
    return description ? [{ field: name, description }] : [];
  });
  if (faults.length > 0) throw badRequest(faults.slice(0, 20));
  return parsed.flatMap(([name, values]) => {
    const path = findField(route.method.request.descriptor, name);
    return path ? [{ path, values }] : [];
  });
}

/** The fields as one JSON object, nested as the message is. Throws when two of them are the same field. */
export function toJsonObject(fields: readonly TextField[]): JsonObject {
  const root: JsonObject = {};
  for (const { path, values } of fields) {
    const last = path.at(-1) ?? path[0];
    let inside = root;
    for (const { name } of path.slice(0, -1)) inside = (inside[name] ??= {}) as JsonObject;
    if (Object.hasOwn(inside, last.name))
      throw badRequest([{ field: nameOf(path), description: 'is given more than once' }]);
    const json = values.map((value): JsonValue => textToJson(last, value));
    inside[last.name] = last.fieldKind === 'list' ? json : (json[0] ?? null);
  }
  return root;
}
