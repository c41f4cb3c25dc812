import type { StoredEvent } from './event.ts';

/** The last events of the log, without gaps, in bounded memory. */
export interface RecentEvents {
  /** Forgets everything; what comes next follows `position`. */
  reset(position: bigint): void;
  add(events: readonly StoredEvent[]): void;
  /** The last position known. */
  head(): bigint;
  /** Whether the event after this position is here, or is still to come. */
  covers(position: bigint): boolean;
  /** Undefined at the head. */
  next(after: bigint): StoredEvent | undefined;
}

export function createRecentEvents(capacity: number): RecentEvents {
  let events: StoredEvent[] = [];
  let before = 0n;
  const head = (): bigint => before + BigInt(events.length);
  return {
    head,
    reset(position) {
      events = [];
      before = position;
    },
    add(fresh) {
      for (const event of fresh) {
        if (event.position !== head() + 1n) {
          events = [];
          before = event.position - 1n;
        }
        events.push(event);
      }
      // Half of it at once, so that moving costs little per event.
      if (events.length > capacity) {
        const surplus = events.length - capacity / 2;
        events = events.slice(surplus);
        before += BigInt(surplus);
      }
    },
    covers: (position) => position >= before,
    next: (after) => events[Number(after - before)],
  };
}
