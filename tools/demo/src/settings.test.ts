import { describe, expect, test } from '@jest/globals';
import { readSettings } from './settings.ts';

describe('settings', () => {
  test('have defaults and a seed of their own', () => {
    const { seed, ...rest } = readSettings({});
    expect(rest).toEqual({ orders: 1000, file: undefined, kill: undefined, keep: false });
    expect(seed).toBeGreaterThanOrEqual(0);
  });

  test('are read from the environment', () => {
    expect(readSettings({ ORDERS: '60', KILL: 'payment', KEEP: '1', SEED: '7' })).toEqual({
      ...{ orders: 60, file: undefined, kill: 'payment', keep: true, seed: 7 },
    });
    expect(readSettings({ FILE: '/tmp/a.csv' }).file).toBe('/tmp/a.csv');
  });

  test.each([
    ['ORDERS', 'many'],
    ['ORDERS', '0'],
    ['ORDERS', '1.5'],
    ['KILL', 'postgres'],
    ['SEED', '-1'],
    ['KEEP', 'maybe'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(
      new RegExp(`${name} expected .*${value.replace('.', '\\.')}`),
    );
  });

  test('ORDERS and FILE do not go together', () => {
    expect(() => readSettings({ ORDERS: '5', FILE: 'a.csv' })).toThrow(/FILE.*ORDERS/);
  });
});
