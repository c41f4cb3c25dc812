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
  const onNotify = (channel: string, payload: string | undefined): void => {
    for (const each of channels.get(channel) ?? []) each(payload);
  };
  const connection = createConnection({ config, logger, channels, onNotify });
  return {
    listen(channel, onNotifyHere) {
      const listening = channels.get(channel);
      channels.set(channel, (listening ?? new Set()).add(onNotifyHere));
      if (listening === undefined) connection.listen(channel);
      return () => channels.get(channel)?.delete(onNotifyHere);
    },
    close: connection.close,
  };
}

interface ConnectionOptions {
  config: pg.ClientConfig;
  logger: Logger | undefined;
  channels: ReadonlyMap<string, unknown>;
  onNotify(channel: string, payload: string | undefined): void;
}

function createConnection({ config, logger, channels, onNotify }: ConnectionOptions) {
  let client: pg.Client | undefined;
  /** Statements go one after the other. */
  let last: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const reconnect = (after: pg.Client, error: unknown): void => {
    if (client === after) client = undefined;
    if (closed || timer !== undefined) return;
    logger?.warn({ err: error }, 'the notification connection was lost; connecting again');
    timer = setTimeout(() => {
      timer = undefined;
      last = connect();
    }, reconnectMs);
  };
  const connect = async (): Promise<void> => {
    const next = new pg.Client({ ...config, statement_timeout: 0 });
    for (const event of ['error', 'end'] as const) next.on(event, (error: unknown) => reconnect(next, error));
    next.on('notification', ({ channel, payload }) => onNotify(channel, payload));
    try {
      await next.connect();
      for (const channel of channels.keys()) await listenOn(next, channel);
      client = next;
      for (const channel of channels.keys()) onNotify(channel, undefined);
    } catch (error) {
      reconnect(next, error);
      await next.end().catch(() => undefined);
    }
  };
  const add = (channel: string): Promise<void> | undefined => {
    const current = client;
    return (
      current &&
      listenOn(current, channel).then(
        () => onNotify(channel, undefined),
        (error: unknown) => reconnect(current, error),
      )
    );
  };
  return {
    listen(channel: string): void {
      last = last === undefined ? connect() : last.then(() => add(channel));
    },
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      await last;
      await client?.end();
    },
  };
}

async function listenOn(client: pg.Client, channel: string): Promise<void> {
  await client.query(`listen ${client.escapeIdentifier(channel)}`);
}
