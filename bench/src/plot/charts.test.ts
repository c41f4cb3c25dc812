import { expect, test } from '@jest/globals';
import type { Measure } from '../measure.ts';
import { createCharts } from './charts.ts';

const rate = (name: string, value: number): Measure => ({ name, value, better: 'higher', unit: 'calls/s' });

const MEASURES = [
  rate('channel.rate.bare.c1', 2_000),
  rate('channel.rate.bare.c64', 5_000),
  rate('channel.rate.bare.c256', 5_500),
  rate('channel.rate.channel.c1', 2_500),
  rate('channel.rate.channel.c64', 100_000),
  rate('channel.rate.cpp.c64', 40_000),
];

test('bars are as long as rates are high, the longest first', () => {
  const svg = createCharts(MEASURES)['calls-per-second.svg'] ?? '';
  const labels = [...svg.matchAll(/text-anchor="end"[^>]*>([^<]*)</g)].map(([, label]) => label);
  expect(labels).toEqual(['channel, whole chain', 'C++ gRPC, bare', 'grpc-js, bare']);
  const [longest = NaN, second = NaN, shortest = NaN] = [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(
    ([, width]) => Number(width),
  );
  expect(second / longest).toBeCloseTo(0.4, 3);
  expect(shortest / longest).toBeCloseTo(0.05, 3);
});

test('lines join what was measured at more than one size', () => {
  const svg = createCharts(MEASURES)['in-flight.svg'] ?? '';
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points?.split(' '));
  expect(lines.map((points) => points?.length)).toEqual([2, 1, 3]);
  // Both axes are in powers: from 1 to 64 is three quarters of the way from 1 to 256.
  const [first, middle, last] = (lines[2] ?? []).map((point) => Number(point.split(',')[0])) as number[];
  expect(((middle as number) - (first as number)) / ((last as number) - (first as number))).toBeCloseTo(
    0.75,
    2,
  );
});

test('a picture is of one run: of that with the peers where it says enough', () => {
  const svgs = createCharts([
    ...MEASURES,
    rate('channel.peers.rate.bare.c64', 2_345),
    rate('channel.peers.rate.channel.c64', 67_890),
  ]);
  expect(svgs['calls-per-second.svg']).toContain('>2,345<');
  expect(svgs['calls-per-second.svg']).not.toContain('>5,000<');
  expect(svgs['in-flight.svg']).toEqual(createCharts(MEASURES)['in-flight.svg']);
});

test('where nothing of the kind was measured there is no picture', () => {
  expect(createCharts([rate('interceptors.unary.c64', 1)])).toEqual({});
});
