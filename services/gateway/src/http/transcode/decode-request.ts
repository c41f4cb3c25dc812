import {
  create,
  fromJsonString,
  mergeFromJson,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { validateMessage } from '@millrace/interceptors';
import { badRequest } from '@millrace/rpc';
import { findField, nameOf, type FieldPath } from './field-path.ts';
import { jsonFaults } from './json-faults.ts';
import { readQuery, toJsonObject, type TextField } from './query.ts';
import type { Route } from './route.ts';

/** What of an HTTP request fills the message. */
export interface HttpInput {
  /** The path's variables. */
  readonly params: Readonly<Record<string, string>>;
  /** Without its question mark, still encoded. */
  readonly query: string;
  readonly body: Uint8Array | undefined;
  /** The Idempotency-Key header: fills `idempotency_key` of requests that have it. */
  readonly idempotencyKey: string | undefined;
}

/** The field that the Idempotency-Key header fills, by convention. */
const KEY_FIELD = 'idempotency_key';

function bodyText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw badRequest([{ field: 'body', description: 'is not UTF-8' }]);
  }
}

function parseBody(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw badRequest([{ field: 'body', description: `is not JSON: ${(error as Error).message}` }]);
  }
}

function decodeBody(route: Route, body: Uint8Array | undefined): Message {
  const { descriptor } = route.method.request;
  if (!body || body.length === 0) return create(descriptor);
  if (!route.body) throw badRequest([{ field: 'body', description: 'this method takes none' }]);
  const text = bodyText(body);
  const parsed = parseBody(text);
  const [whole, json] =
    route.body === 'message'
      ? [text, parsed]
      : [`{${JSON.stringify(route.body.name)}:${text}}`, { [route.body.name]: parsed }];
  try {
    // From the text, not from what was parsed: a key that stands twice is seen only there.
    return fromJsonString(descriptor, whole);
  } catch (error) {
    throw badRequest(jsonFaults(descriptor, json, error));
  }
}

function read(descriptor: DescMessage, message: Message, path: FieldPath): unknown {
  let inside = reflect(descriptor, message);
  for (const field of path.slice(0, -1)) {
    if (field.fieldKind !== 'message' || !inside.isSet(field)) return undefined;
    inside = inside.get(field);
  }
  const last = path.at(-1) ?? path[0];
  return inside.isSet(last) ? inside.get(last) : undefined;
}

function merge(descriptor: DescMessage, message: Message, json: JsonObject): void {
  try {
    mergeFromJson(descriptor, message, json);
  } catch (error) {
    throw badRequest(jsonFaults(descriptor, json, error));
  }
}

function textFields(route: Route, input: HttpInput): { bound: TextField[]; fields: TextField[] } {
  const fromPath = [...route.pathFields].map(([name, path]) => ({
    path,
    values: [input.params[name] ?? ''],
  }));
  const key = findField(route.method.request.descriptor, KEY_FIELD);
  const fromHeader =
    key && input.idempotencyKey !== undefined ? [{ path: key, values: [input.idempotencyKey] }] : [];
  const bound = [...fromPath, ...fromHeader];
  return { bound, fields: [...bound, ...readQuery(route, input.query)] };
}

/**
 * The rpc's request from an HTTP request: the body, then what the path, the query and the Idempotency-Key header say. A
 * field given by two of them must have the same value in both. Throws INVALID_ARGUMENT naming each wrong field.
 */
export function decodeRequest(route: Route, input: HttpInput): Message {
  const { descriptor } = route.method.request;
  const { bound, fields } = textFields(route, input);
  const message = decodeBody(route, input.body);
  const before = bound.map(({ path }) => read(descriptor, message, path));
  merge(descriptor, message, toJsonObject(fields));
  const differing = bound.filter(
    ({ path }, i) => before[i] !== undefined && before[i] !== read(descriptor, message, path),
  );
  if (differing.length > 0)
    throw badRequest(
      differing.map(({ path }) => ({
        field: nameOf(path),
        description: 'differs between the body and the path or header',
      })),
    );
  const key = findField(descriptor, KEY_FIELD);
  if (key && read(descriptor, message, key) === undefined) {
    const others = validateMessage(descriptor, message).filter(({ field }) => field !== KEY_FIELD);
    const missing = { field: KEY_FIELD, description: 'is missing: send the Idempotency-Key header' };
    throw badRequest([missing, ...others]);
  }
  return message;
}
