/** How late a timer may be, and what all timers due within it share. */
export const TICK_MS = 4;
const SLOTS = 64;
/** 64^5 ticks are 50 days; what is further away waits in the last level and comes round again. */
const SPANS = [1, 64, 64 ** 2, 64 ** 3, 64 ** 4] as const;
/** The longest that setTimeout can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Something that was to happen at a time. */
export interface Timer {
  /** It will not happen. Harmless when it has. */
  stop(): void;
}

/** A link in a ring: of a slot's timers, or the slot itself. */
class Link {
  previous: Link = this;
  next: Link = this;

  insertBefore(link: Link): void {
    this.previous = link.previous;
    this.next = link;
    link.previous.next = this;
    link.previous = this;
  }

  remove(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this.next = this;
  }
}

/** A timer that is part of what it wakes: for things of which there are so many that an object and a closure for each would tell. */
export abstract class Alarm extends Link implements Timer {
  /** Of the wheel that it is set on. */
  tick = 0;
  #wheel: TimerWheel | undefined;

  /** The moment has come. */
  abstract ring(): void;

  /** For the wheel. */
  placeOn(wheel: TimerWheel, tick: number): void {
    this.#wheel = wheel;
    this.tick = tick;
  }

  stop(): void {
    this.#wheel?.forget(this);
    this.#wheel = undefined;
  }
}

class Callback extends Alarm {
  readonly ring: () => void;

  constructor(ring: () => void) {
    super();
    this.ring = ring;
  }
}

/** One that fails must not keep the others from ringing. */
function ring(alarm: Alarm): void {
  try {
    alarm.ring();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

const NEVER: Timer = { stop: () => undefined };

/**
 * Any number of timers on one of Node's: hierarchical timing wheels (Varghese and Lauck, 1987), so that setting and stopping one
 * costs the same however many there are, and nothing is left of one that was stopped. Monotonic: a clock that is set makes no
 * difference. Never early, and at most a tick late when the process is not busy. Holds the process only while a timer runs.
 */
export class TimerWheel {
  readonly #levels = SPANS.map(() => Array.from({ length: SLOTS }, () => new Link()));
  #count = 0;
  /** All ticks up to this one have been. */
  #tick = 0;
  #wakeTick = Infinity;
  #timeout: NodeJS.Timeout | undefined;
  /** Whether the process will be let go, if then there is still no timer. */
  #isLettingGo = false;

  /** How many run; for tests that look for leaks. */
  get size(): number {
    return this.#count;
  }

  /** Calls back once when the moment on the performance.now() scale has come; for Infinity never. Not before it returns. */
  at(atMs: number, ring: () => void): Timer {
    if (atMs === Infinity) return NEVER;
    const callback = new Callback(ring);
    this.set(callback, atMs);
    return callback;
  }

  /** The same for an alarm that is not set. */
  set(alarm: Alarm, atMs: number): void {
    if (atMs === Infinity) return;
    if (this.#count === 0) this.#begin();
    alarm.placeOn(this, Math.max(Math.ceil(atMs / TICK_MS), this.#tick + 1));
    this.#count += 1;
    this.#insert(alarm);
    if (alarm.tick < this.#wakeTick) this.#wakeAt(alarm.tick);
  }

  /** Takes a timer out; for the timer itself. */
  forget(alarm: Alarm): void {
    alarm.remove();
    this.#count -= 1;
    if (this.#count > 0 || this.#isLettingGo) return;
    // Not at once: the next is set in a moment, and to hold and let go a timer of Node's costs more than all else here.
    this.#isLettingGo = true;
    setImmediate(this.#letGo);
  }

  readonly #letGo = (): void => {
    this.#isLettingGo = false;
    if (this.#count === 0) this.#timeout?.unref();
  };

  #begin(): void {
    const tick = Math.floor(performance.now() / TICK_MS);
    // Backwards only where a test has replaced the clock.
    if (tick < this.#tick) this.#wakeTick = Infinity;
    this.#tick = tick;
    if (this.#wakeTick !== Infinity && !this.#isLettingGo) this.#timeout?.ref();
  }

  #insert(entry: Alarm): void {
    const away = entry.tick - this.#tick;
    let level = 0;
    while (level < SPANS.length - 1 && away >= (SPANS[level + 1] as number)) level += 1;
    const span = SPANS[level] as number;
    const furthest = Math.floor(this.#tick / span) + SLOTS - 1;
    const slot = Math.min(Math.floor(entry.tick / span), furthest) % SLOTS;
    entry.insertBefore(this.#levels[level]?.[slot] as Link);
  }

  #wakeAt(tick: number): void {
    clearTimeout(this.#timeout);
    this.#wakeTick = tick;
    const leftMs = Math.ceil(tick * TICK_MS - performance.now());
    this.#timeout = setTimeout(this.#wake, Math.min(Math.max(leftMs, 0), LONGEST_MS));
  }

  readonly #wake = (): void => {
    this.#wakeTick = Infinity;
    const now = Math.floor(performance.now() / TICK_MS);
    for (let next = this.#nextTick(); next <= now; next = this.#nextTick()) this.#turnTo(next);
    this.#tick = Math.max(this.#tick, now);
    const next = this.#nextTick();
    if (next < this.#wakeTick) this.#wakeAt(next);
  };

  /** The next tick at which a slot is due: timers to ring, or to be handed down a level. */
  #nextTick(): number {
    if (this.#count === 0) return Infinity;
    let nearest = Infinity;
    for (const [level, span] of SPANS.entries()) {
      const turn = Math.floor(this.#tick / span);
      for (let ahead = 1; ahead <= SLOTS && (turn + ahead) * span < nearest; ahead++) {
        const slot = this.#levels[level]?.[(turn + ahead) % SLOTS] as Link;
        if (slot.next !== slot) nearest = (turn + ahead) * span;
      }
    }
    return nearest;
  }

  /** Nothing lies between: the slots that begin at this tick are emptied, the furthest first. */
  #turnTo(tick: number): void {
    this.#tick = tick;
    for (let level = SPANS.length - 1; level >= 0; level--) {
      const span = SPANS[level] as number;
      if (tick % span !== 0) continue;
      const slot = this.#levels[level]?.[(tick / span) % SLOTS] as Link;
      while (slot.next !== slot) this.#empty(slot.next as Alarm);
    }
  }

  #empty(entry: Alarm): void {
    if (entry.tick > this.#tick) {
      entry.remove();
      this.#insert(entry);
    } else {
      entry.stop();
      ring(entry);
    }
  }
}

/** The process's own. */
export const timers = new TimerWheel();
