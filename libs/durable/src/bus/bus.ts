import type { Logger } from '../postgres/logger.ts';

/** An event on the bus. `id` is the same however often it is published or delivered. */
export interface Event {
  id: string;
  topic: string;
  /** Events of one key are handled in order. */
  key: string;
  sequence: bigint;
  type: string;
  tenant: string;
  subject?: string;
  payload: Uint8Array;
  trace?: string;
  time: Date;
}

/** One attempt at handling an event. */
export interface Delivery {
  group: string;
  /** 1 for the first. */
  attempt: number;
  /** Aborted when the visibility timeout is over: another consumer may have it now. */
  signal: AbortSignal;
}

export interface ConsumeOptions {
  /** Handlers at once in this process. Default 8. */
  concurrency?: number;
  /** How long a handler owns an event; afterwards it is delivered again. Default 30,000. */
  visibilityMs?: number;
  /** Redeliveries before an event is dead. Default 8. */
  maxRetries?: number;
  /** First delay before a redelivery; doubles with full jitter, at most 30 s. Default 200. */
  backoffMs?: number;
  /** Where a group that is new starts: with all events the bus still keeps, or with those to come. Default 'kept'. */
  from?: 'kept' | 'now';
}

export interface Consumer {
  /** Takes no more events and waits for running handlers. */
  stop(): Promise<void>;
}

export interface Page {
  group?: string;
  /** Default 100. */
  limit?: number;
  /** The last id of the page before. */
  after?: string;
}

export interface DeadLetter {
  id: string;
  group: string;
  event: Event;
  attempts: number;
  /** What the last attempt failed with. */
  error: string;
  diedAt: Date;
}

export type Handler = (event: Event, call: Delivery) => Promise<void>;

/** Topics and consumer groups, at least once. Every driver keeps the same promises. */
export interface Bus {
  /** Durable when it resolves. Publishing an id again has no effect while the bus keeps it. */
  publish(events: readonly Event[]): Promise<void>;
  /** Each event of the topics goes to one consumer of the group. A handler that rejects gets it again, later. */
  consume(group: string, topics: readonly string[], handler: Handler, options?: ConsumeOptions): Consumer;
  dead: {
    list(page?: Page): Promise<DeadLetter[]>;
    replay(ids: readonly string[]): Promise<number>;
    drop(ids: readonly string[]): Promise<number>;
  };
  /** Drains, then closes. */
  close(): Promise<void>;
}

export interface BusOptions {
  logger?: Logger;
  /** How long published events are kept for groups to come, and repeats of an id are recognised. Default 24 hours. */
  keepMs?: number;
  /** Longest time an event waits that no notification told of. Default 500. */
  pollMs?: number;
}
