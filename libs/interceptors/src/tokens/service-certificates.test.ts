import { describe, expect, it, test } from '@jest/globals';
import type { PeerIdentity } from '@millrace/rpc';
import { serviceCertificates, spiffeServices } from './service-certificates.ts';

const peerWith = (...uris: string[]): PeerIdentity => ({ uris, dnsNames: ['order'], subject: 'order' });

describe('a service by its SPIFFE id', () => {
  test.each<[string, string[], string | undefined]>([
    ['its name', ['spiffe://millrace.example/service/order'], 'order'],
    ['another trust domain', ['spiffe://evil.example/service/order'], undefined],
    ['a trust domain that begins as ours', ['spiffe://millrace.example.evil/service/order'], undefined],
    ['no service', ['spiffe://millrace.example/ns/order'], undefined],
    ['more behind it', ['spiffe://millrace.example/service/order/x'], undefined],
    ['no name', ['spiffe://millrace.example/service/'], undefined],
    ['a name that would be no role', ['spiffe://millrace.example/service/a b'], undefined],
    [
      'two ids',
      ['spiffe://millrace.example/service/order', 'spiffe://millrace.example/service/gateway'],
      undefined,
    ],
    ['another scheme', ['https://millrace.example/service/order'], undefined],
    ['none, whatever the other names are', [], undefined],
  ])('%s', (_name, uris, service) => {
    expect(spiffeServices('millrace.example')(peerWith(...uris))).toBe(service);
  });

  it('may be of any trust domain where none is named', () => {
    expect(spiffeServices()(peerWith('spiffe://other.example/service/order'))).toBe('order');
  });
});

test('services that are known by certificates alone', () => {
  const authenticate = serviceCertificates(spiffeServices());
  expect(authenticate(undefined, peerWith('spiffe://a/service/order'))).toMatchObject({
    roles: ['service:order'],
  });
  const refusal = expect.objectContaining({
    reason: 'CERTIFICATE_MISSING',
    sent: 'refused',
  }) as unknown as Error;
  expect(() => authenticate('Bearer x', undefined)).toThrow(refusal);
  expect(() => authenticate(undefined, peerWith())).toThrow(refusal);
});
