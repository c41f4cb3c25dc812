import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

let rig: GatewayRig;
beforeAll(async () => void (rig = await startGateway()));
afterAll(() => rig.stop());

const HEADER = { alg: 'EdDSA', kid: 'dev-issuer', typ: 'at+jwt' };
const nowS = () => Math.floor(Date.now() / 1000);
const claims = () => ({
  ...{ iss: 'dev-issuer', aud: 'millrace', sub: 'mallory', tenant: 'default', roles: ['admin'], jti: '1' },
  ...{ iat: nowS(), exp: nowS() + 60 },
});
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function keyOf(issuer: string) {
  const file = join(rig.config.KEYS_DIR, `${issuer}.private.jwk.json`);
  return importJWK(JSON.parse(await readFile(file, 'utf8')) as JWK, 'EdDSA');
}

async function sign(header: object = {}, patch: object = {}, signer = 'dev-issuer'): Promise<string> {
  return new SignJWT({ ...claims(), ...patch })
    .setProtectedHeader({ ...HEADER, ...header })
    .sign(await keyOf(signer));
}

const HOSTILE: [string, () => Promise<string> | string][] = [
  ['alg none', () => `${encode({ ...HEADER, alg: 'none' })}.${encode(claims())}.`],
  ['no signature', () => `${encode(HEADER)}.${encode(claims())}.`],
  [
    'a foreign key',
    async () => {
      const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
      return new SignJWT(claims()).setProtectedHeader(HEADER).sign(privateKey);
    },
  ],
  [
    'HS256 with the public key',
    async () => {
      const secret = await readFile(join(rig.config.KEYS_DIR, 'public.jwks.json'));
      return new SignJWT(claims()).setProtectedHeader({ ...HEADER, alg: 'HS256' }).sign(secret);
    },
  ],
  [
    'an embedded key',
    async () => {
      const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' };
      return new SignJWT(claims()).setProtectedHeader({ ...HEADER, jwk }).sign(privateKey);
    },
  ],
  ['a kid that is a path', () => sign({ kid: '../../etc/passwd' })],
  ['a kid from the prototype', () => sign({ kid: '__proto__' })],
  ['no kid', () => sign({ kid: undefined })],
  ['the type of another kind of token', () => sign({ typ: 'JWT' })],
  ['an expired token', () => sign({}, { exp: nowS() - 60 })],
  ['no end', () => sign({}, { exp: undefined })],
  ['a start in the future', () => sign({}, { nbf: nowS() + 600 })],
  ['another audience', () => sign({}, { aud: 'order' })],
  ['another issuer', () => sign({}, { iss: 'https://evil.example' })],
  [
    'an internal token of the gateway itself',
    () => sign({ kid: 'gateway' }, { iss: 'gateway', aud: 'order' }, 'gateway'),
  ],
  ["a service's key under our issuer's name", () => sign({ kid: 'order' }, {}, 'order')],
  ['a service as issuer', () => sign({ kid: 'order' }, { iss: 'order' }, 'order')],
  ['the role of a service', () => sign({}, { roles: ['service:order'] })],
  ['no subject', () => sign({}, { sub: undefined })],
  ['roles that are no list', () => sign({}, { roles: 'admin' })],
  [
    'a changed payload',
    async () => {
      const [header, , signature] = (await sign()).split('.');
      return `${header}.${encode({ ...claims(), sub: 'root' })}.${signature}`;
    },
  ],
  ['noise', () => 'a.b.c'],
  ['too much', () => 'x'.repeat(9_000)],
];

describe('a token that must not work', () => {
  test('one that must, so that the others fail for what they are', async () => {
    const response = await rig.send('GET', '/v1/products', { token: await sign() });
    expect(response.status).toBe(200);
  });

  test.each(HOSTILE)('%s', async (_name, make) => {
    const problem = await rig.problem('GET', '/v1/products', { token: await make() });
    expect([401, 403]).toContain(problem.status);
    expect(['UNAUTHENTICATED', 'PERMISSION_DENIED']).toContain(problem.code);
    expect(rig.order.calls).toHaveLength(1);
  });

  test.each(['Basic YTpi', 'Bearer', 'bearer  ', 'Token abc'])('authorization %j', async (authorization) => {
    const problem = await rig.problem('GET', '/v1/products', { token: null, headers: { authorization } });
    expect(problem).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(problem.headers.get('www-authenticate')).toBe('Bearer realm="millrace", error="invalid_token"');
  });
});
