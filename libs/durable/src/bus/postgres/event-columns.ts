import type { Event } from '../bus.ts';

/** An event as `bus_event` has it. */
export interface EventColumns {
  id: string;
  topic: string;
  key: string;
  sequence: bigint;
  type: string;
  tenant: string;
  subject: string | null;
  payload: Uint8Array;
  trace: string | null;
  time: Date;
}

export function toEvent({
  id,
  topic,
  key,
  sequence,
  type,
  tenant,
  subject,
  payload,
  trace,
  time,
}: EventColumns): Event {
  return {
    ...{ id, topic, key, sequence, type, tenant, payload, time },
    ...(subject === null ? {} : { subject }),
    ...(trace === null ? {} : { trace }),
  };
}
