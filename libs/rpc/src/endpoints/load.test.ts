import { describe, expect, it } from '@jest/globals';
import { Load } from './load.ts';

describe('what one more call costs', () => {
  it('is nothing for what is new, and then more than anywhere else until it has answered', () => {
    const fresh = new Load();
    const slow = new Load();
    slow.observe(5_000, 0);
    expect(fresh.cost(0)).toBe(0);
    fresh.enter();
    expect(fresh.cost(0)).toBeGreaterThan(slow.cost(0));
    fresh.observe(3, 0);
    expect(fresh.cost(0)).toBe(6);
  });

  it('grows with the calls that are under way', () => {
    const load = new Load();
    load.observe(10, 0);
    for (let count = 0; count < 4; count++) load.enter();
    expect(load.cost(0)).toBe(50);
  });

  it('jumps to a peak at once and comes down to a third of it in ten seconds', () => {
    const load = new Load();
    load.observe(1, 0);
    load.observe(300, 0);
    expect(load.cost(0)).toBe(300);
    expect(load.cost(10_000)).toBeCloseTo(300 / Math.E);
  });

  it('is an average while nothing peaks', () => {
    const load = new Load();
    load.observe(100, 0);
    load.observe(50, 10_000);
    expect(load.cost(10_000)).toBeCloseTo(100 / Math.E + 50 * (1 - 1 / Math.E));
  });

  it('is high for what fails fast, more with every failure, up to a second', () => {
    const load = new Load();
    load.observe(1, 0);
    load.punish(0.1, 0);
    expect(load.cost(0)).toBe(8);
    for (let count = 0; count < 10; count++) load.punish(0.1, 0);
    expect(load.cost(0)).toBe(1_000);
  });

  it('is that of a new one when another process has come in its place', () => {
    const load = new Load();
    load.observe(500, 0);
    load.forget();
    expect(load.cost(0)).toBe(0);
  });

  it('does not mind a time that stands before the last one', () => {
    const load = new Load();
    load.observe(10, 1_000);
    expect(load.cost(0)).toBe(10);
  });
});
