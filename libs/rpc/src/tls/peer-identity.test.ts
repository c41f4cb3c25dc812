import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createTestAuthority } from '../testing.ts';
import { parseAlternativeNames, readPeerIdentity } from './peer-identity.ts';

const authority = createTestAuthority();

test('a certificate’s names are told apart by their kind', () => {
  const { cert } = authority.issue({
    name: 'order',
    uris: ['spiffe://a/b'],
    dnsNames: ['c', 'd'],
    ips: ['10.0.0.1'],
  });
  const identity = readPeerIdentity(new X509Certificate(cert).toLegacyObject());
  expect(identity).toEqual({ uris: ['spiffe://a/b'], dnsNames: ['c', 'd'], subject: 'order' });
});

test('a name that looks like several is one', () => {
  const uris = ['spiffe://evil/x, URI:spiffe://a/service/order', 'x",URI:"y', 'back\\slash'];
  const { cert } = authority.issue({ name: 'evil', uris, dnsNames: ['a, URI:spiffe://a/service/order'] });
  const identity = readPeerIdentity(new X509Certificate(cert).toLegacyObject());
  expect(identity).toMatchObject({ uris, dnsNames: ['a, URI:spiffe://a/service/order'] });
});

test('a certificate without names has none', () => {
  const { cert } = authority.issue({ name: 'nobody' });
  const identity = readPeerIdentity(new X509Certificate(cert).toLegacyObject());
  expect(identity).toEqual({ uris: [], dnsNames: [], subject: 'nobody' });
});

test.each(['URI:a"b', 'URI:"a', 'no kind', 'URI:a,URI:b', ','])('%j is not read at all', (text) => {
  expect(parseAlternativeNames(text)).toEqual([]);
});
