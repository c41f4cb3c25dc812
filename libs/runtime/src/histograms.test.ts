import { createNoopMeter, type MeterProvider } from '@opentelemetry/api';
import { beforeEach, expect, test } from '@jest/globals';
import { Histograms } from './histograms.ts';

const below: MeterProvider = { getMeter: () => createNoopMeter() };
let histograms: Histograms;

beforeEach(() => {
  histograms = new Histograms();
});

/** What there is, as attributes and values. */
async function collected() {
  const { resourceMetrics } = await histograms.collect();
  const [scope] = resourceMetrics.scopeMetrics;
  const [metric] = scope?.metrics ?? [];
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, value }));
}

function create(name = 'took') {
  const advice = { explicitBucketBoundaries: [1, 10] };
  return histograms.over(below).getMeter('test').createHistogram(name, { advice });
}

test('values are counted by buckets, each with its own boundary', async () => {
  const took = create();
  for (const value of [0, 1, 1.5, 10, 11, NaN]) took.record(value);
  expect(await collected()).toEqual([
    {
      attributes: {},
      value: {
        buckets: { boundaries: [1, 10], counts: [2, 2, 1] },
        sum: 23.5,
        count: 5,
        min: 0,
        max: 11,
      },
    },
  ]);
});

test('attributes that say the same are one series, whatever their order, and whether they are the same object', async () => {
  const took = create();
  const frozen = Object.freeze({ method: 'a', code: 'OK' });
  took.record(1, frozen);
  took.record(1, frozen);
  took.record(1, { code: 'OK', method: 'a' });
  took.record(1, { method: 'a', code: 'NOT_FOUND' });
  const counts = (await collected()).map(({ attributes, value }) => [attributes, value]);
  expect(counts).toMatchObject([
    [{ method: 'a', code: 'OK' }, { count: 3 }],
    [{ method: 'a', code: 'NOT_FOUND' }, { count: 1 }],
  ]);
});

test('attributes that are changed afterwards are others', async () => {
  const took = create();
  const attributes = { method: 'a' };
  took.record(1, attributes);
  attributes.method = 'b';
  took.record(1, attributes);
  expect((await collected()).map((one) => one.attributes)).toEqual([{ method: 'a' }, { method: 'b' }]);
});

test('beyond 2,000 sets of attributes the rest is one series', async () => {
  const took = create();
  for (let index = 0; index < 2_010; index++) took.record(1, { index });
  const all = await collected();
  expect(all).toHaveLength(2_001);
  expect(all.at(-1)).toMatchObject({ attributes: { 'otel.metric.overflow': true }, value: { count: 10 } });
});

test('a histogram that is asked for twice is the same', async () => {
  create().record(1);
  create().record(1);
  expect(await collected()).toMatchObject([{ value: { count: 2 } }]);
});
