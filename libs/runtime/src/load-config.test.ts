import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load-config.ts';
import { durationMs, flag, parsed, path, port, url } from './settings.ts';

const schema = z.object({
  HTTP_PORT: port(8080),
  GRAM_PORT: port(),
  GRACE_MS: durationMs(10_000),
  DATABASE_URL: url(['postgres', 'postgresql']),
  PRETTY: flag(),
  KEYS_DIR: path('keys'),
  LOG_LEVEL: z.enum(['debug', 'info']).default('info'),
});

const GOOD = { GRAM_PORT: '0', DATABASE_URL: 'postgres://u:hunter2@db/orders' };

function problemsOf(env: Record<string, string>): Record<string, string> {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]));
  }
  return {};
}

describe('a parsed setting', () => {
  const parse = (text: string) => {
    if (text.includes('!')) throw new Error('no exclamations');
    return text.split(',');
  };
  const words = z.object({ WORDS: parsed(parse, 'a,b') });

  test('is what its parser makes of the text or of the fallback', () => {
    expect(loadConfig(words, { WORDS: 'x,y' })).toEqual({ WORDS: ['x', 'y'] });
    expect(loadConfig(words, {})).toEqual({ WORDS: ['a', 'b'] });
  });

  test("is refused with the parser's own words", () => {
    expect(() => loadConfig(words, { WORDS: 'x!' })).toThrow(/WORDS.*no exclamations/);
  });
});

describe('loadConfig', () => {
  test('gives typed values and the defaults of absent or empty variables', () => {
    const config = loadConfig(schema, { ...GOOD, HTTP_PORT: '', PRETTY: 'yes', OTHER: 'x' });
    expect(config).toEqual({
      HTTP_PORT: 8080,
      GRAM_PORT: 0,
      GRACE_MS: 10_000,
      DATABASE_URL: GOOD.DATABASE_URL,
      PRETTY: true,
      KEYS_DIR: `${process.cwd()}/keys`,
      LOG_LEVEL: 'info',
    });
  });

  test('names every unusable variable at once, in one message', () => {
    const bad = {
      HTTP_PORT: '80a',
      GRACE_MS: '-1',
      DATABASE_URL: 'mysql://u:hunter2@db',
      PRETTY: 'maybe',
      LOG_LEVEL: 'loud',
    };
    expect(problemsOf(bad)).toEqual({
      HTTP_PORT: 'expected a port number from 0 to 65535, got "80a"',
      GRAM_PORT: 'is not set, expected a port number from 0 to 65535',
      GRACE_MS: 'expected a whole number of milliseconds up to 2147483647, got "-1"',
      DATABASE_URL: 'expected a URL that begins with postgres: or postgresql:',
      PRETTY: 'expected true or false, got "maybe"',
      LOG_LEVEL: 'expected one of "debug"|"info"',
    });
    expect(() => loadConfig(schema, bad)).toThrow(
      /^invalid configuration: HTTP_PORT .*; GRAM_PORT is not set.*$/,
    );
  });

  test('never shows what may be a secret', () => {
    expect(() => loadConfig(schema, { DATABASE_URL: 'hunter2' })).toThrow(
      expect.not.stringContaining('hunter2'),
    );
  });

  test.each(['65536', '1e3', '0x50', '3.5', '-0', '99999999999999999999'])('refuses %s as a port', (text) => {
    expect(problemsOf({ ...GOOD, HTTP_PORT: text })).toHaveProperty('HTTP_PORT');
  });

  test('reports a missing variable of a plain zod type', () => {
    expect(() => loadConfig(z.object({ NAME: z.string() }), {})).toThrow('NAME is not set, expected string');
  });
});
