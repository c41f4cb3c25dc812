import { expect, test } from '@jest/globals';
import { Latencies } from './latencies.ts';

test('half of the calls took at most the 50th percentile, all but a hundredth at most the 99th', () => {
  const latencies = new Latencies();
  // More than it begins with room for, in no order.
  const count = 100_000;
  for (let index = 0; index < count; index++) latencies.add(((index * 7_919) % count) + 1);
  expect(latencies.percentiles()).toEqual({ p50Ms: count / 2, p99Ms: count * 0.99 });
});

test('where nothing was timed there is no percentile', () => {
  expect(new Latencies().percentiles()).toEqual({ p50Ms: NaN, p99Ms: NaN });
});
