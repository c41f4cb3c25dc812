import pg from 'pg';
import type { Logger } from './logger.ts';

type OnNotify = (payload: string | undefined) => void;

export interface Listener {
  listen(channel: string, onNotify: OnNotify): () => void;
  close(): Promise<void>;
}

const reconnectMs = 500;

/** One connection for all LISTENs of a process. It connects at the first one and again whenever it is lost. */
export function createListener(config: pg.ClientConfig, logger?: Logger): Listener {
  const channels = new Map<string, Set<OnNotify>>();
  let client: pg.Client | undefined;
  let connecting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const lost = (of: pg.Client, error: unknown): void => {
    if (client === of) client = undefined;
    if (closed || timer !== undefined) return;
    logger?.warn({ err: error }, 'the notification connection was lost; connecting again');
    timer = setTimeout(() => {
      timer = undefined;
      connecting = connect();
    }, reconnectMs);
  };

  const connect = async (): Promise<void> => {
    const next = new pg.Client({ ...config, statement_timeout: 0 });
    next.on('error', (error) => lost(next, error));
    next.on('end', () => lost(next, undefined));
    next.on('notification', ({ channel, payload }) => {
      for (const onNotify of channels.get(channel) ?? []) onNotify(payload);
    });
    try {
      await next.connect();
      client = next;
      for (const channel of channels.keys()) await next.query(`listen ${next.escapeIdentifier(channel)}`);
      for (const each of channels.values()) for (const onNotify of each) onNotify(undefined);
    } catch (error) {
      lost(next, error);
      await next.end().catch(() => undefined);
    }
  };

  return {
    listen(channel, onNotify) {
      const known = channels.get(channel);
      const listening = known ?? new Set();
      channels.set(channel, listening.add(onNotify));
      if (connecting === undefined) connecting = connect();
      else if (known === undefined) {
        const current = client;
        current
          ?.query(`listen ${current.escapeIdentifier(channel)}`)
          .catch((error: unknown) => lost(current, error));
      }
      return () => listening.delete(onNotify);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await connecting;
      await client?.end();
    },
  };
}
