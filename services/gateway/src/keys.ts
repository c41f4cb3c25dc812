import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '@millrace/runtime';

/** A key file's path. Throws ConfigError when it is not there. */
function keyFile(dir: string, name: string): string {
  const file = join(dir, name);
  if (existsSync(file)) return file;
  throw new ConfigError([{ variable: 'KEYS_DIR', message: `holds no ${name}: ${dir}` }]);
}

/** The files that the gateway checks and signs tokens with. Throws ConfigError when one is missing. */
export function findKeys(dir: string): { keySetFile: string; signingKeyFile: string } {
  return {
    keySetFile: keyFile(dir, 'public.jwks.json'),
    signingKeyFile: keyFile(dir, 'gateway.private.jwk.json'),
  };
}
