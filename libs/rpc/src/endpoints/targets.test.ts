import { expect, test } from '@jest/globals';
import { formatTarget, parseTargets } from './targets.ts';

test.each([
  ['127.0.0.1:50051', [['127.0.0.1', '50051', false]]],
  ['order:50051', [['order', '50051', true]]],
  ['[::1]:7', [['::1', '7', false]]],
  [
    'a.b-c.svc:1, 10.0.0.1:2',
    [
      ['a.b-c.svc', '1', true],
      ['10.0.0.1', '2', false],
    ],
  ],
])('%s is taken apart', (address, expected) => {
  const targets = parseTargets(address)?.map(({ host, port, isName }) => [host, port, isName]);
  expect(targets).toEqual(expected);
});

test.each(['unix:/run/x.sock', 'dns:///order:1', 'order', '', 'a:1,', '::1:80', 'a:b'])(
  '%j is left to grpc-js',
  (address) => expect(parseTargets(address)).toBeUndefined(),
);

test('an IPv6 address goes in brackets', () => {
  expect(formatTarget('fe80::1', '80')).toBe('[fe80::1]:80');
  expect(formatTarget('10.0.0.1', '80')).toBe('10.0.0.1:80');
  expect(formatTarget('order', '80')).toBe('order:80');
});
