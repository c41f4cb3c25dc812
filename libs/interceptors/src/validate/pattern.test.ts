import { describe, expect, test } from '@jest/globals';
import { leftToProtovalidate } from './check.ts';
import { checkPattern } from './pattern.ts';

describe('a pattern', () => {
  test.each([
    ['^[A-Z]{3}$', 'GBP', 'GBPX'],
    ['^order-', 'order-1', 'an order-'],
    ['^[a-z0-9_.-]+$', 'a.b_c-9', 'A'],
    ['^\\d{2,}/[a-z]$', '123/a', '1/a'],
    ['^v\\d{1,3}$', 'v12', 'v1234'],
    ['^a\\.b\\*$', 'a.b*', 'aab*'],
    ['^', '', undefined],
  ])('%s is compiled', (pattern, right, wrong) => {
    const check = checkPattern(pattern);
    expect(check(right)).toBe(true);
    if (wrong !== undefined) expect(check(wrong)).toBe(false);
  });

  test.each([
    ['of RE2’s own', '(?i)^a$'],
    ['of RE2’s own', '^\\pL$'],
    ['that takes long on a RegExp', '^(a+)+$'],
    ['that takes long on a RegExp', '^a*a*a*b$'],
    ['that is searched for anywhere', '[a-z]+@'],
    ['with a dot, which is another to RegExp', '^.$'],
    ['with white space, which is another to RegExp', '^\\s$'],
    ['that says what is not', '^[^a]$'],
    ['that contradicts itself', '^[z-a]$'],
    ['that contradicts itself', '^a{3,2}$'],
    ['that repeats more than RE2 can', '^a{1001}$'],
    ['that is none', '^[a$'],
  ])('%s is left: %s', (_why, pattern) => {
    expect(checkPattern(pattern)).toBe(leftToProtovalidate);
  });
});
