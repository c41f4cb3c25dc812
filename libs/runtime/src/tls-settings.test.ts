import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { createLogger } from './create-logger.ts';
import { loadConfig } from './load-config.ts';
import { clientTls, serverTls, tlsSettings } from './tls-settings.ts';

const schema = z.object({ ...tlsSettings });
const lines: string[] = [];
const logger = createLogger({ service: 'test', destination: { write: (line) => void lines.push(line) } });
const PAIR = { TLS_CERT_FILE: '/tls.crt', TLS_KEY_FILE: '/tls.key' };

test('without settings nothing is secured', () => {
  const config = loadConfig(schema, {});
  expect([serverTls(config, logger), clientTls(config, logger)]).toEqual([{}, {}]);
});

test('a certificate is for both sides, authorities for one each', () => {
  const config = loadConfig(schema, { ...PAIR, TLS_CLIENT_CA_FILE: '/callers.crt', TLS_CA_FILE: '/ca.crt' });
  const pair = { certFile: '/tls.crt', keyFile: '/tls.key', onError: expect.any(Function) as unknown };
  expect(serverTls(config, logger)).toEqual({ tls: { ...pair, clientCaFile: '/callers.crt' } });
  expect(clientTls(config, logger)).toEqual({ tls: { ...pair, caFile: '/ca.crt' } });
});

test('a certificate alone secures the server, and leaves the clients', () => {
  const config = loadConfig(schema, PAIR);
  expect(serverTls(config, logger)).toMatchObject({ tls: { certFile: '/tls.crt' } });
  expect(clientTls(config, logger)).toEqual({});
});

test.each([
  [{ TLS_CERT_FILE: '/tls.crt' }, 'TLS_KEY_FILE'],
  [{ TLS_KEY_FILE: '/tls.key' }, 'TLS_CERT_FILE'],
  [{ TLS_CLIENT_CA_FILE: '/callers.crt' }, 'TLS_CERT_FILE'],
])('%j does not pass for security', (env, missing) => {
  const config = loadConfig(schema, env);
  expect(() => serverTls(config, logger)).toThrow(ConfigError);
  expect(() => serverTls(config, logger)).toThrow(missing);
});

test('files that can no longer be used are reported', () => {
  const { tls } = clientTls(loadConfig(schema, { TLS_CA_FILE: '/ca.crt' }), logger);
  tls?.onError(new Error('tls.key is not that of tls.crt'));
  expect(lines.join('')).toContain('tls.key is not that of tls.crt');
});
