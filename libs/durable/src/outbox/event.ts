/** An event as a use case writes it, in the transaction of the change it tells of. */
export interface NewEvent {
  topic: string;
  aggregateId: string;
  /** Without gaps within an aggregate, from 1. */
  sequence: bigint;
  type: string;
  tenant: string;
  /** Whom it concerns, for filters: for example the customer. */
  subject?: string;
  payload: Uint8Array;
  /** W3C traceparent of the change. */
  trace?: string;
}

/** An event the relay has stamped. `position` orders all events of the database and never changes. */
export interface StoredEvent extends NewEvent {
  position: bigint;
  time: Date;
}

/** Which events a watcher wants. */
export interface EventFilter {
  topic: string;
  tenant: string;
  aggregateId?: string;
  subject?: string;
}
