import { toJson, type JsonObject, type JsonValue, type Message } from '@bufbuild/protobuf';
import type { Route } from './route.ts';

/** The reply's JSON text: all of it, or the one field that `response_body` names. Fields without a value are written too. */
export function encodeReply(route: Route, message: unknown): string {
  const { descriptor } = route.method.response;
  const json = toJson(descriptor, message as Message, { alwaysEmitImplicit: true });
  const { responseBody } = route;
  if (!responseBody) return JSON.stringify(json);
  const field: JsonValue = (json as JsonObject)[responseBody.jsonName] ?? null;
  return JSON.stringify(field);
}
