import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LatencyBook } from './latency-book.ts';
import { Limit, type LimitOptions } from './limit.ts';

/** Calls that find as many others as the limit allows, and take as long as `latencyMs` says for that number. */
class Load {
  readonly limit: Limit;
  nowMs = 1_000;

  constructor(options: LimitOptions = {}) {
    this.limit = new Limit(new LatencyBook(), { minimum: 8, initial: 20, ...options });
  }

  /** One call after the other leaves and is followed by the next, for so long. */
  run(
    forMs: number,
    latencyMs: (inFlight: number) => number,
    { most = Infinity, each = () => undefined }: { most?: number; each?: (limit: Limit) => void } = {},
  ): void {
    const { limit } = this;
    const untilMs = this.nowMs + forMs;
    const open: { startMs: number; endMs: number }[] = [];
    while (this.nowMs < untilMs) {
      while (limit.inFlight < limit.value && limit.inFlight < most) {
        limit.enter();
        const endMs = this.nowMs + latencyMs(limit.inFlight);
        const before = open.findLastIndex((one) => one.endMs <= endMs);
        open.splice(before + 1, 0, { startMs: this.nowMs, endMs });
      }
      const first = open.shift();
      if (!first) throw new Error('the limit lets nobody in');
      this.nowMs = Math.max(this.nowMs, first.endMs);
      limit.took('m', first.startMs, this.nowMs);
      limit.leave();
      each(limit);
    }
    for (const { startMs } of open) {
      limit.took('m', startMs, this.nowMs);
      limit.leave();
    }
  }
}

/** A pool of so many slots: whoever finds more calls waits his turn. */
const pool = (slots: number, holdMs: number) => (inFlight: number) => holdMs * Math.max(1, inFlight / slots);

describe('the limit on calls in flight', () => {
  it('rises while calls take no longer than usual', () => {
    const load = new Load();
    load.run(1_000, () => 10);
    expect(load.limit.value).toBeGreaterThan(60);
  });

  it('stays where it is while there is room', () => {
    const load = new Load();
    load.run(10_000, () => 10, { most: 5 });
    expect(load.limit.value).toBe(20);
  });

  it('falls when calls begin to wait for each other', () => {
    const load = new Load({ initial: 200 });
    load.run(1_000, () => 10, { most: 50 });
    load.run(1_000, pool(10, 10));
    expect(load.limit.value).toBeLessThan(50);
  });

  it.each([10, 20, 64, 200])('finds a pool of %d slots, and keeps to it', (slots) => {
    const load = new Load();
    load.run(5_000, pool(slots, 10));
    let [least, most] = [Infinity, 0];
    const each = ({ value }: Limit) => {
      least = Math.min(least, value);
      most = Math.max(most, value);
    };
    load.run(15_000, pool(slots, 10), { each });
    // While it measures it is a quarter of what it was.
    expect(least).toBeGreaterThanOrEqual(Math.min(8, slots * 0.3));
    expect(most).toBeLessThan(slots * 2.5);
  });

  it('finds it however it begins, and loses little by measuring', () => {
    const load = new Load({ initial: 500 });
    load.run(5_000, pool(10, 10));
    expect(load.limit.value).toBeLessThan(25);
    let [full, all] = [0, 0];
    const each = ({ value }: Limit) => {
      all++;
      if (value >= 10) full++;
    };
    load.run(20_000, pool(10, 10), { each });
    expect(full / all).toBeGreaterThan(0.9);
  });

  it('gets used to calls that are slow for another reason than load', () => {
    const load = new Load();
    load.run(2_000, () => 5);
    load.run(30_000, () => 500);
    expect(load.limit.value).toBeGreaterThan(400);
  });

  it('does not take a change of the mix for load', () => {
    const limit = new Limit(new LatencyBook(), { minimum: 8, initial: 20 });
    const call = (method: string, nowMs: number, tookMs: number) => {
      limit.enter();
      limit.took(method, nowMs, nowMs + tookMs);
      limit.leave();
    };
    for (let index = 0; index < 200; index++)
      call(index % 2 ? 'fast' : 'slow', index * 10, index % 2 ? 1 : 100);
    while (limit.inFlight < 20) limit.enter();
    const before = limit.value;
    for (let index = 0; index < 60; index++) call('slow', 3_000 + index * 10, 100);
    expect(limit.value).toBeGreaterThanOrEqual(before);
  });

  it('stays within its bounds and above nothing, whatever is told', () => {
    const told = fc.record({
      enters: fc.nat(40),
      leaves: fc.nat(40),
      tookMs: fc.oneof(fc.double({ min: 0, max: 1e5, noNaN: true }), fc.constant(0)),
      afterMs: fc.nat(500),
      method: fc.constantFrom('a', 'b', 'c'),
    });
    const bounds = fc.record({
      minimum: fc.integer({ min: 1, max: 20 }),
      maximum: fc.integer({ min: 20, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(told, { maxLength: 300 }), bounds, (script, { minimum, maximum }) => {
        const limit = new Limit(new LatencyBook(), { minimum, maximum });
        let nowMs = 0;
        for (const { enters, leaves, tookMs, afterMs, method } of script) {
          for (let count = 0; count < enters; count++) limit.enter();
          nowMs += afterMs;
          for (let count = Math.min(leaves, limit.inFlight); count > 0; count--) {
            limit.took(method, nowMs - tookMs, nowMs);
            limit.leave();
          }
          expect(limit.value).toBeGreaterThanOrEqual(minimum);
          expect(limit.value).toBeLessThanOrEqual(maximum);
        }
      }),
    );
  });
});
