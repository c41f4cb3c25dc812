import type { Criticality } from '@millrace/contracts';
import type { Call } from '@millrace/rpc';
import type { EventLoop } from './event-loop.ts';
import type { Limit } from './limit.ts';
import { CallQueue } from '../call-queue.ts';

/** How long the loop works on new calls before it looks for input again, so that nobody waits long for a refusal. */
const SLICE_MS = 2;
/** What critical calls may have in flight, in limits. */
const EXPRESS_SHARE = 2;
/** How fast the time between two places follows what is seen. */
const FOLLOW = 0.05;
/** More between two places is a process that stood still, or a handler that holds the loop, which the age of the queue tells. */
const LONGEST_PACE_MS = 20;

/** How long a call may wait, as a share of `maxWaitMs`. */
const PATIENCE: Readonly<Record<Criticality, number>> = {
  sheddable: 0.25,
  default: 1,
  critical: 10,
  essential: 100,
};

/** Why there is no place: too many calls in flight, or an event loop with too much to do. */
export type Shortage = 'limit' | 'loop';

/**
 * Lets calls in: at once while the loop has time and the limit has room; else after a short wait, critical ones first; not at all
 * where the wait would be too long. What it let in runs in slices, with a look for input between them.
 */
export class Admission {
  readonly #loop: EventLoop;
  readonly #limit: Limit;
  readonly #maxWaitMs: number;
  readonly #express = new CallQueue('refused');
  readonly #normal = new CallQueue('refused');
  /** When the loop began with the calls it has at hand; undefined when it has none. */
  #sliceMs: number | undefined;
  #isScheduled = false;
  /** When the loop last came to serve. */
  #lookedMs = 0;
  #servedMs = 0;
  /** The time between two places. Begins short: a burst after silence is no overload. */
  #paceMs = 0.1;

  constructor(loop: EventLoop, limit: Limit, maxWaitMs: number) {
    this.#loop = loop;
    this.#limit = limit;
    this.#maxWaitMs = maxWaitMs;
  }

  get queued(): number {
    return this.#express.size + this.#normal.size;
  }

  /** Undefined when the call may begin now; when it has to wait, the promise of its place; or why it has none. */
  enter(call: Call, nowMs: number): Promise<void> | Shortage | undefined {
    const { criticality } = call.method.policy;
    const isExpress = criticality === 'critical' || criticality === 'essential';
    if (this.#isFree(isExpress, nowMs)) {
      this.#take(call);
      return undefined;
    }
    const queue = isExpress ? this.#express : this.#normal;
    const ahead = isExpress ? this.#express.size : this.queued;
    const isLimited = this.#limit.inFlight >= this.#room(isExpress);
    // Nobody could be served while the process stood still, which is no overload: what came in meanwhile is served soon.
    const ageMs = queue.ageMs(isLimited ? nowMs : this.#lookedMs);
    const patienceMs = Math.min(PATIENCE[criticality] * this.#maxWaitMs, call.deadlineMs - nowMs);
    if (Math.max(ahead * this.#paceMs, ageMs) >= patienceMs) return isLimited ? 'limit' : 'loop';
    this.#schedule();
    return queue.wait(call, nowMs);
  }

  /** A unary call that was let in has ended. */
  leave(): void {
    this.#limit.leave();
    if (this.queued > 0) this.#schedule();
  }

  #room(isExpress: boolean): number {
    return isExpress ? this.#limit.value * EXPRESS_SHARE : this.#limit.value;
  }

  #isFree(isExpress: boolean, nowMs: number): boolean {
    if (this.#sliceMs === undefined) {
      this.#sliceMs = nowMs;
      this.#schedule();
    }
    if (isExpress ? this.#express.size > 0 : this.queued > 0) return false;
    return nowMs - this.#sliceMs < SLICE_MS && this.#limit.inFlight < this.#room(isExpress);
  }

  /** Only unary calls are in flight: how long a stream lives is up to its other end. */
  #take(call: Call): void {
    if (call.kind === 'unary') this.#limit.enter();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#loop.afterInput(this.#beginSlice);
  }

  readonly #beginSlice = (): void => {
    this.#isScheduled = false;
    this.#sliceMs = this.#lookedMs = this.#loop.now();
    this.#serve();
  };

  /** One after the other, each until it waits for something else, as long as the slice lasts. */
  readonly #serve = (): void => {
    const nowMs = this.#loop.now();
    const queue = this.#next();
    if (!queue) this.#sliceMs = undefined;
    else if (nowMs - (this.#sliceMs ?? nowMs) >= SLICE_MS) this.#schedule();
    else {
      const { call, sinceMs, begin } = queue.shift();
      const tookMs = Math.min(nowMs - Math.max(this.#servedMs, sinceMs), LONGEST_PACE_MS);
      this.#paceMs += FOLLOW * (tookMs - this.#paceMs);
      this.#servedMs = nowMs;
      this.#take(call);
      begin();
      this.#loop.afterMicrotasks(this.#serve);
    }
  };

  #next(): CallQueue | undefined {
    const { inFlight } = this.#limit;
    if (this.#express.size > 0 && inFlight < this.#room(true)) return this.#express;
    return this.#normal.size > 0 && inFlight < this.#room(false) ? this.#normal : undefined;
  }
}
