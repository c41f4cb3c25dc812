import { create, fromJson, toJson, type JsonValue } from '@bufbuild/protobuf';
import { Agent, request } from 'node:http';
import { OrderSchema, PlaceOrderRequestSchema, type Order } from '@millrace/contracts';
import { Code, normalizeCode, RpcError } from '@millrace/rpc';
import type { OrdersClient } from './orders-client.ts';

export interface HttpClientOptions {
  /** The gateway's: `http://127.0.0.1:8080`. */
  baseUrl: string;
  token(subject: string): Promise<string>;
  /** Connections that are kept open. */
  connections: number;
}

interface Exchange {
  path: string;
  subject: string;
  headers?: Record<string, string>;
  body: JsonValue;
  timeoutMs?: number | undefined;
}

/** A problem as RFC 9457 and the gateway write it. */
interface Problem {
  code?: string;
  reason?: string;
  detail?: string;
  title?: string;
  retryAfterMs?: number;
}

/** The JSON API of the gateway, every customer with a token of their own. */
export function createHttpClient({ baseUrl, token, connections }: HttpClientOptions): OrdersClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (subject: string) => {
    const known = tokens.get(subject) ?? token(subject);
    tokens.set(subject, known);
    return known;
  };
  const post = async ({ path, subject, headers, body, timeoutMs }: Exchange): Promise<Order> => {
    const reply = await exchange(new URL(path, baseUrl), agent, {
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await tokenOf(subject)}`,
        ...(timeoutMs === undefined ? {} : { 'request-timeout': String(timeoutMs / 1000) }),
        ...headers,
      },
      body: JSON.stringify(body),
    });
    if (reply.status >= 400) throw toError(reply.status, reply.body as Problem);
    const { order } = reply.body as { order: JsonValue };
    return fromJson(OrderSchema, order, { ignoreUnknownFields: true });
  };
  return {
    place(order, { timeoutMs } = {}) {
      const { idempotencyKey = '', customerId = '' } = order;
      const message = create(PlaceOrderRequestSchema, { ...order, idempotencyKey: '', customerId: '' });
      return post({
        path: '/v1/orders',
        subject: customerId,
        headers: { 'idempotency-key': idempotencyKey },
        body: toJson(PlaceOrderRequestSchema, message),
        timeoutMs,
      });
    },
    cancel: ({ id, customerId }) => post({ path: `/v1/orders/${id}:cancel`, subject: customerId, body: {} }),
    async close() {
      agent.destroy();
    },
  };
}

function toError(status: number, problem: Problem): RpcError {
  const code = Code[problem.code as keyof typeof Code] ?? (status >= 500 ? Code.UNAVAILABLE : Code.UNKNOWN);
  return new RpcError(normalizeCode(code), problem.detail ?? problem.title ?? `HTTP ${status}`, {
    reason: problem.reason,
    retryDelayMs: problem.retryAfterMs,
  });
}

function exchange(
  url: URL,
  agent: Agent,
  { headers, body }: { headers: Record<string, string>; body: string },
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const broken = (cause: Error) =>
      reject(new RpcError(Code.UNAVAILABLE, `the gateway cannot be reached: ${cause.message}`, { cause }));
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', broken);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const parsed = parseJson(text);
        resolve({ status: response.statusCode ?? 0, body: parsed ?? { detail: text.slice(0, 200) } });
      });
    });
    call.on('error', broken);
    call.end(body);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
