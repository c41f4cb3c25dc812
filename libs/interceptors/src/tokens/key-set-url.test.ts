import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import { Code } from '@millrace/rpc';
import { failureOf } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { fakeLogger } from '../testing/fake-logger.ts';
import { generatePair, NOW_S, tokenMaker } from '../testing/test-tokens.ts';
import { createVerifier } from './create-verifier.ts';

const first = generatePair('ES256');
const second = generatePair('ES256');
const jwk = (kid: string, { publicKey }: typeof first) => ({ ...publicKey.export({ format: 'jwk' }), kid });
const FIRST = JSON.stringify({ keys: [jwk('a', first)] });
const BOTH = JSON.stringify({ keys: [jwk('a', first), jwk('b', second)] });
const claims = { iss: 'https://id.example', roles: ['customer'] };
const one = `Bearer ${tokenMaker('ES256', first.privateKey)({ header: { kid: 'a' }, claims })}`;
const two = `Bearer ${tokenMaker('ES256', second.privateKey)({ header: { kid: 'b' }, claims })}`;

let clock: FakeClock;
let answer: RequestListener;
let asked: string[];
let stop: () => void;
let url: string;

beforeEach(async () => {
  clock = new FakeClock();
  asked = [];
  answer = (_request, response) => void response.end(FIRST);
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  stop = () => {
    server.close();
    server.closeAllConnections();
  };
});
afterEach(() => stop());

function rig() {
  const logger = fakeLogger();
  const verifier = createVerifier({
    keySetUrl: url,
    issuers: ['https://id.example'],
    audience: 'payment',
    algorithms: ['ES256'],
    now: () => NOW_S * 1_000,
    clock,
    logger,
  });
  return { logger, verify: async (token: string) => verifier(token) };
}

describe('keys from a URL', () => {
  it('are fetched once for many tokens', async () => {
    const { verify } = rig();
    const principals = await Promise.all([verify(one), verify(one), verify(one)]);
    expect(principals).toMatchObject([{ subject: 'alice' }, {}, {}]);
    expect(principals[0]).not.toHaveProperty('actor');
    expect(asked).toEqual(['/keys']);
  });

  it('are fetched again for a key that is not known, at most every 30 s', async () => {
    const { verify } = rig();
    await verify(one);
    answer = (_request, response) => void response.end(BOTH);
    expect(await failureOf(verify(two))).toMatchObject({ reason: 'TOKEN_INVALID' });
    clock.advance(30_000);
    expect(await Promise.all([verify(two), verify(two)])).toMatchObject([{ subject: 'alice' }, {}]);
    expect(asked).toHaveLength(2);
    for (let count = 0; count < 50; count++) {
      const unknown = tokenMaker('ES256', first.privateKey)({ header: { kid: `x${count}` }, claims });
      expect(await failureOf(verify(`Bearer ${unknown}`))).toMatchObject({ reason: 'TOKEN_INVALID' });
    }
    expect(asked).toHaveLength(2);
  });

  it('are fetched again when they are old, while those at hand are used', async () => {
    const { verify } = rig();
    await verify(one);
    const fetched = Promise.withResolvers<void>();
    answer = (_request, response) =>
      void response.end(JSON.stringify({ keys: [jwk('b', second)] }), fetched.resolve);
    clock.advance(300_000);
    expect(await verify(one)).toMatchObject({ subject: 'alice' });
    await fetched.promise;
    // From when it has been read a token is refused that was taken before: its key is no longer there.
    while ((await verify(one).catch(() => undefined)) !== undefined) await new Promise(setImmediate);
    expect(await verify(two)).toMatchObject({ subject: 'alice' });
    expect(asked).toHaveLength(2);
  });

  it('stay when they cannot be fetched, however old, and somebody is told', async () => {
    const { verify, logger } = rig();
    await verify(one);
    stop();
    clock.advance(24 * 3_600_000);
    expect(await verify(one)).toMatchObject({ subject: 'alice' });
    while (logger.lines.length === 0) await new Promise(setImmediate);
    expect(await verify(one)).toMatchObject({ subject: 'alice' });
    expect(logger.lines).toMatchObject([{ level: 'error', fields: { source: url } }]);
  });

  it('that were never there are no fault of the caller, and are looked for every second', async () => {
    answer = (_request, response) => void response.writeHead(503).end();
    const { verify } = rig();
    const missing = { code: Code.UNAVAILABLE, reason: 'KEYS_UNAVAILABLE', sent: 'refused' };
    expect(await failureOf(verify(one))).toMatchObject(missing);
    expect(await failureOf(verify(one))).toMatchObject(missing);
    expect(asked).toHaveLength(1);
    answer = (_request, response) => void response.end(FIRST);
    clock.advance(1_000);
    expect(await verify(one)).toMatchObject({ subject: 'alice' });
  });

  test.each<[string, RequestListener]>([
    ['a redirection', (_request, response) => void response.writeHead(302, { location: '/other' }).end()],
    ['far too much', (_request, response) => void response.end('x'.repeat(1024 * 1024))],
    ['no JSON', (_request, response) => void response.end('<html>')],
    ['no key set', (_request, response) => void response.end('{"keys":{}}')],
    [
      'a key that is none',
      (_request, response) => void response.end('{"keys":[{"kty":"EC","crv":"P-256","kid":"a"}]}'),
    ],
    ['a reset', (_request, response) => void response.socket?.resetAndDestroy()],
  ])('are not taken from %s', async (_name, listener) => {
    answer = listener;
    const { verify, logger } = rig();
    expect(await failureOf(verify(one))).toMatchObject({ reason: 'KEYS_UNAVAILABLE' });
    expect(asked).toEqual(['/keys']);
    expect(logger.lines).toHaveLength(1);
  });

  it('come by https, or from this machine', () => {
    const options = { issuers: ['a'], audience: 'b' };
    for (const keySetUrl of ['http://id.example/keys', 'file:///etc/keys', 'ftp://127.0.0.1/keys']) {
      expect(() => createVerifier({ ...options, keySetUrl })).toThrow('https');
    }
    expect(() => createVerifier({ keySetUrl: url, issuers: ['a', 'b'], audience: 'c' })).toThrow(
      'one issuer',
    );
  });
});
