import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { createDevKeys, DEV_ISSUERS } from './dev-keys.ts';
import { readTokenOptions, UsageError } from './token.ts';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('./token.ts', import.meta.url));

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'millrace-keys-'))));
afterAll(() => rm(dir, { recursive: true }));

const readKeySet = async (keys: string) =>
  JSON.parse(await readFile(join(keys, 'public.jwks.json'), 'utf8')) as JSONWebKeySet;
const cli = (args: string[], env: Record<string, string> = {}) =>
  run(process.execPath, ['--conditions=source', CLI, ...args], { env: { PATH: process.env.PATH, ...env } });

describe('development keys', () => {
  test('many processes that start at once end with one set of keys, secrets readable by the owner only', async () => {
    const keys = join(dir, 'race');
    await Promise.all(Array.from({ length: 8 }, () => createDevKeys(keys)));
    const before = await readKeySet(keys);
    expect(before.keys.map(({ kid }) => kid)).toEqual([...DEV_ISSUERS]);
    expect(before.keys.every((key) => !('d' in key))).toBe(true);
    for (const issuer of DEV_ISSUERS) {
      const file = join(keys, `${issuer}.private.jwk.json`);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const secret = JSON.parse(await readFile(file, 'utf8')) as { x: string };
      expect(before.keys.find(({ kid }) => kid === issuer)?.x).toBe(secret.x);
    }
    await createDevKeys(keys);
    expect(await readKeySet(keys)).toEqual(before);
  });

  test('a lost key is made anew and the others stay', async () => {
    const keys = join(dir, 'lost');
    await createDevKeys(keys);
    const before = await readKeySet(keys);
    await rm(join(keys, 'order.private.jwk.json'));
    await createDevKeys(keys);
    const after = await readKeySet(keys);
    const changed = after.keys.filter((key, i) => key.x !== before.keys[i]?.x).map(({ kid }) => kid);
    expect(changed).toEqual(['order']);
  });
});

describe('the token command', () => {
  test('prints one verifiable token and nothing else, and makes the keys it needs', async () => {
    const keys = join(dir, 'cli');
    const flags = [
      '--role',
      'importer',
      '--subject',
      'alice',
      '--tenant',
      'acme',
      '--ttl',
      '5m',
      '--keys',
      keys,
    ];
    const { stdout, stderr } = await cli(flags);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { payload, protectedHeader } = await jwtVerify(
      stdout.trim(),
      createLocalJWKSet(await readKeySet(keys)),
      { algorithms: ['EdDSA'], issuer: 'dev-issuer', audience: 'millrace', typ: 'at+jwt' },
    );
    expect(protectedHeader.kid).toBe('dev-issuer');
    expect(payload).toMatchObject({ sub: 'alice', tenant: 'acme', roles: ['importer'] });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test('takes what make passes, by environment', async () => {
    const { stdout } = await cli([], { ROLE: 'customer', SUBJECT: 'bob', KEYS_DIR: join(dir, 'env') });
    const [, payload = ''] = stdout.split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(claims).toMatchObject({ sub: 'bob', tenant: 'default', roles: ['customer'] });
  });

  test('says on standard error what is wrong and prints no token', async () => {
    const failure = cli(['--role', 'king', '--subject', 'alice', '--keys', join(dir, 'bad')]);
    await expect(failure).rejects.toMatchObject({
      code: 64,
      stdout: '',
      stderr: 'token: --role (ROLE): king is unknown, use one of customer, importer, admin\n',
    });
  });

  test.each([
    ['no role', ['--subject', 'alice'], {}, /--role \(ROLE\) is missing/],
    ['no subject', ['--role', 'admin'], {}, /--subject \(SUBJECT\) is missing/],
    ['a blank subject', ['--role', 'admin', '--subject', '  '], {}, /--subject \(SUBJECT\) is missing/],
    ['a role of a service', ['--role', 'service:order', '--subject', 'x'], {}, /service:order is unknown/],
    ['a wrong time', ['--role', 'admin', '--subject', 'x', '--ttl', 'soon'], {}, /--ttl: expected a time/],
    ['an unknown flag', ['--admin'], {}, /Unknown option '--admin'/],
    [
      'production',
      ['--role', 'admin', '--subject', 'x'],
      { NODE_ENV: 'production' },
      /refused in production/,
    ],
  ])('%s is refused with a clear message', (_name, args, env, message) => {
    expect(() => readTokenOptions(args, env)).toThrow(UsageError);
    expect(() => readTokenOptions(args, env)).toThrow(message);
  });
});
