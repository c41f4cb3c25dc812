import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Resolver, type Place } from './resolver.ts';
import { parseTargets } from './targets.ts';

let answers: Record<string, readonly string[] | Error>;
let asked: string[];
let seen: (readonly string[])[];
let resolver: Resolver;

function resolve(address: string): void {
  resolver = new Resolver({
    targets: parseTargets(address) ?? [],
    lookup: (name) => {
      asked.push(name);
      const answer = answers[name] ?? [];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    onPlaces: (places: readonly Place[]) => seen.push(places.map(({ address }) => address)),
  });
}

/** Lets three seconds pass, and the answers arrive. */
async function pass(): Promise<void> {
  jest.advanceTimersByTime(3_000);
  await resolver.refresh();
}

beforeEach(() => {
  jest.useFakeTimers();
  asked = [];
  seen = [];
  answers = { order: ['10.0.0.1', '10.0.0.2'] };
});

afterEach(() => {
  resolver.close();
  jest.useRealTimers();
});

test('a name is looked up at its first use and every three seconds while it is used', async () => {
  resolve('order:5');
  resolver.use();
  await resolver.refresh();
  expect(seen).toEqual([['10.0.0.1:5', '10.0.0.2:5']]);
  answers['order'] = ['10.0.0.2', 'fd00::3'];
  resolver.use();
  await pass();
  expect(seen.at(-1)).toEqual(['10.0.0.2:5', '[fd00::3]:5']);
});

test('nobody who uses it, nobody who asks, and no timer is left', async () => {
  resolve('order:5');
  resolver.use();
  await resolver.refresh();
  jest.advanceTimersByTime(6_000);
  await resolver.refresh();
  asked = [];
  jest.advanceTimersByTime(600_000);
  expect(asked).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
  resolver.use();
  expect(asked).toEqual(['order']);
});

test.each([
  ['an empty answer', []],
  ['a failure', new Error('SERVFAIL')],
])('%s keeps the last addresses', async (_name, answer) => {
  resolve('order:5');
  resolver.use();
  await resolver.refresh();
  answers['order'] = answer;
  resolver.use();
  await pass();
  expect(seen.at(-1)).toEqual(['10.0.0.1:5', '10.0.0.2:5']);
});

test('of several names one may fail, and addresses need no lookup', async () => {
  answers['b'] = new Error('SERVFAIL');
  resolve('order:5,b:6,192.0.2.1:7');
  resolver.use();
  await resolver.refresh();
  expect(seen).toEqual([['10.0.0.1:5', '10.0.0.2:5', '192.0.2.1:7']]);
  expect(asked).toEqual(['order', 'b']);
});

test('a list of addresses is never looked up', async () => {
  resolve('192.0.2.1:7,192.0.2.2:7');
  resolver.use();
  expect(jest.getTimerCount()).toBe(0);
  await resolver.refresh();
  expect(asked).toEqual([]);
  expect(seen).toEqual([['192.0.2.1:7', '192.0.2.2:7']]);
});

test('those who ask at the same time share one answer', async () => {
  resolve('order:5');
  await Promise.all([resolver.refresh(), resolver.refresh()]);
  expect(asked).toEqual(['order']);
});

test('a name that is asked for by hand goes by the system', async () => {
  const places = Promise.withResolvers<readonly Place[]>();
  resolver = new Resolver({ targets: parseTargets('localhost:9') ?? [], onPlaces: places.resolve });
  await resolver.refresh();
  expect(await places.promise).toContainEqual({ address: '127.0.0.1:9', authority: 'localhost:9' });
});
