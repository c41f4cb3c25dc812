import type { System } from '@millrace/dev';

/** An answer of the gateway, its body read as JSON. */
export interface Answer {
  status: number;
  body: Record<string, unknown> & { order?: Record<string, unknown> };
}

export interface Sent {
  token: string;
  /** Sent as JSON by POST; without one it is a GET. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** One request to the gateway. */
export async function send(system: System, path: string, sent: Sent): Promise<Answer> {
  const { token, body, headers, signal } = sent;
  const response = await fetch(new URL(path, system.addresses.http), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}
