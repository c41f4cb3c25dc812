import { setTimeout as delay } from 'node:timers/promises';
import type { System } from '@millrace/dev';

/** An order's change as the event stream tells it. */
export interface Change {
  cursor: string;
  orderId: string;
  sequence: number;
  status: string;
}

interface EventBody {
  event: { cursor: string; order: { id: string; sequence: string; status: string } };
}

async function* readChanges(url: URL, headers: Record<string, string>, signal: AbortSignal) {
  const response = await fetch(url, { headers, signal });
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const [id, data, type] = [field('id'), field('data'), field('event')];
      if (id === undefined || data === undefined || type === 'error') continue;
      const { order } = (JSON.parse(data) as EventBody).event;
      yield { cursor: id, orderId: order.id, sequence: Number(order.sequence), status: order.status };
    }
  }
}

/** Watches orders as a browser's EventSource does: after a break it comes back with the id of the last event it saw. */
export async function* watchOrders(
  system: System,
  { token, signal, onBreak }: { token: string; signal: AbortSignal; onBreak?: () => void },
): AsyncGenerator<Change> {
  let last: string | undefined;
  while (!signal.aborted) {
    const url = new URL('/v1/orders:watch?cursor=0', system.addresses.http);
    const headers = {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      ...(last !== undefined && { 'last-event-id': last }),
    };
    try {
      for await (const change of readChanges(url, headers, signal)) {
        last = change.cursor;
        yield change;
      }
    } catch {
      if (signal.aborted) return;
    }
    onBreak?.();
    await delay(50);
  }
}
