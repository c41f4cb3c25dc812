import type { Method, Service } from '@millrace/contracts';
import type { AnyHandler, Implementation, Next } from '@millrace/rpc';

async function one(reply: ReturnType<Next>): Promise<unknown> {
  const answer = await reply;
  if (answer.kind !== 'one') throw new Error('a unary call was answered by a stream');
  return answer.message;
}

async function* many(reply: ReturnType<Next>): AsyncIterable<unknown> {
  const answer = await reply;
  if (answer.kind === 'many') yield* answer.messages;
}

function handlerOf({ kind }: Method, forward: Next): AnyHandler {
  const isMany = kind === 'serverStream' || kind === 'bidi';
  return isMany ? (_input, call) => many(forward(call)) : (_input, call) => one(forward(call));
}

/** A service that answers each of its methods, of whatever kind, by asking the service behind us. */
export function passThrough(service: Service, forward: Next): Implementation {
  const handlers = Object.entries(service.methods).map(([name, method]) => [
    name,
    handlerOf(method, forward),
  ]);
  return { service, handlers: Object.fromEntries(handlers) as Record<string, AnyHandler> };
}
