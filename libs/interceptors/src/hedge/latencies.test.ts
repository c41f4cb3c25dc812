import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Latencies } from './latencies.ts';

const duration = fc.double({ min: 0, max: 1e6, noNaN: true });

describe('the latencies of a method', () => {
  it('say nothing before there are twenty', () => {
    const latencies = new Latencies();
    for (let count = 1; count < 20; count++) latencies.record(count);
    expect(latencies.p95).toBe(Infinity);
    latencies.record(20);
    expect(latencies.p95).toBe(19);
  });

  it('forget what was long ago', () => {
    const latencies = new Latencies();
    for (let count = 0; count < 500; count++) latencies.record(1_000);
    for (let count = 0; count < 144; count++) latencies.record(1);
    expect(latencies.p95).toBe(1);
  });

  it('have nineteen of twenty at or under the percentile, of those they were asked about last', () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 20, maxLength: 400 }), (times) => {
        const latencies = new Latencies();
        times.forEach((time) => latencies.record(time));
        const asked = times.slice(0, times.length - ((times.length - 20) % 16)).slice(-128);
        const under = asked.filter((time) => time <= latencies.p95).length;
        const below = asked.filter((time) => time < latencies.p95).length;
        expect(under).toBeGreaterThanOrEqual(asked.length * 0.95);
        expect(below).toBeLessThan(asked.length * 0.95);
      }),
    );
  });
});
