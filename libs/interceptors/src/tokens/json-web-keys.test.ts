import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { generatePair } from '../testing/test-tokens.ts';
import { parseKeySet, type Algorithm } from './json-web-keys.ts';

const jwks = {
  ed: generatePair('EdDSA').publicKey.export({ format: 'jwk' }),
  ec: generatePair('ES256').publicKey.export({ format: 'jwk' }),
  rsa: generatePair('RS256').publicKey.export({ format: 'jwk' }),
  ed448: generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }),
  short: generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' }),
};
const ALL: readonly Algorithm[] = ['EdDSA', 'ES256', 'RS256', 'PS256'];

function algOf(jwk: object, algorithms = ALL): Algorithm | undefined {
  const text = JSON.stringify({ keys: [{ kid: 'a', ...jwk }] });
  return parseKeySet(text, { source: 'test', algorithms }).get('a')?.alg;
}

test.each<[string, object, readonly Algorithm[], Algorithm | undefined]>([
  ['an Ed25519 key', jwks.ed, ALL, 'EdDSA'],
  ['a P-256 key', jwks.ec, ALL, 'ES256'],
  ['an RSA key', jwks.rsa, ALL, 'RS256'],
  ['an RSA key that says what for', { ...jwks.rsa, alg: 'PS256' }, ALL, 'PS256'],
  ['an RSA key where only PS256 is accepted', jwks.rsa, ['PS256'], 'PS256'],
  ['an RSA key that is for what is not accepted', { ...jwks.rsa, alg: 'RS256' }, ['PS256'], undefined],
  ['an RSA key for encryption', { ...jwks.rsa, use: 'enc' }, ALL, undefined],
  ['a short RSA key', jwks.short, ALL, undefined],
  ['a key of a curve that is not accepted', jwks.ed448, ALL, undefined],
  ['a P-384 key', jwks.p384, ALL, undefined],
  ['a key that says it is for another algorithm', { ...jwks.ec, alg: 'EdDSA' }, ALL, undefined],
  ['a shared secret', { kty: 'oct', k: 'AAAA', alg: 'HS256' }, ALL, undefined],
  ['a key without a name', { ...jwks.ed, kid: undefined }, ALL, undefined],
  ['a key by default', jwks.ec, ['EdDSA'], undefined],
])('%s is for the one algorithm it can be for', (_name, jwk, algorithms, alg) => {
  expect(algOf(jwk, algorithms)).toBe(alg);
});

test('of a private key only the public half is kept', () => {
  const secret = generatePair('EdDSA').privateKey.export({ format: 'jwk' });
  const keys = parseKeySet(JSON.stringify({ keys: [{ ...secret, kid: 'a' }] }), {
    source: 'test',
    algorithms: ALL,
  });
  expect(keys.get('a')?.key.type).toBe('public');
});

test('two keys of one name are refused, and what is no set', () => {
  const two = JSON.stringify({
    keys: [
      { ...jwks.ed, kid: 'a' },
      { ...jwks.ec, kid: 'a' },
    ],
  });
  expect(() => parseKeySet(two, { source: 'test', algorithms: ALL })).toThrow('test has two keys named a');
  expect(() => parseKeySet('{}', { source: 'test', algorithms: ALL })).toThrow('test is no JSON Web Key Set');
});
