// `make token ROLE=customer SUBJECT=alice`: prints a token for development, and nothing else, to standard output.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createDevKeys } from './dev-keys.ts';
import { issueDevToken, type DevTokenOptions } from './issue-token.ts';

const ROLES = ['customer', 'importer', 'admin'];
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DEFAULT_KEYS_DIR = fileURLToPath(new URL('../../../.millrace/dev/keys', import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

/** The command line was wrong; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly reason = 'USAGE';
}

function ttlMs(text: string): number {
  const [, amount, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit ?? ''];
  if (!unitMs) throw new UsageError(`--ttl: expected a time such as 30s, 15m, 1h or 7d, got ${text}`);
  return Number(amount) * unitMs;
}

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { role: text, subject: text, tenant: text, ttl: text, keys: text };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** What to sign, from flags or else from ROLE, SUBJECT, TENANT, TTL and KEYS_DIR. Throws UsageError. */
export function readTokenOptions(args: readonly string[], env: Environment): DevTokenOptions {
  if (env.NODE_ENV === 'production')
    throw new UsageError('development tokens are refused in production (NODE_ENV): use your real issuer');
  const flags = readFlags(args);
  const role = flags.role || env.ROLE;
  const subject = (flags.subject || env.SUBJECT)?.trim();
  const tenant = flags.tenant || env.TENANT || 'default';
  if (!role) throw new UsageError(`--role (ROLE) is missing: one of ${ROLES.join(', ')}`);
  if (!ROLES.includes(role))
    throw new UsageError(`--role (ROLE): ${role} is unknown, use one of ${ROLES.join(', ')}`);
  if (!subject)
    throw new UsageError('--subject (SUBJECT) is missing: who the token speaks for, such as alice');
  if (subject.length > 128) throw new UsageError('--subject (SUBJECT): at most 128 characters');
  const keysDir = flags.keys || env.KEYS_DIR || DEFAULT_KEYS_DIR;
  return { keysDir, subject, tenant, roles: [role], ttlMs: ttlMs(flags.ttl || env.TTL || '1h') };
}

if (import.meta.main) {
  try {
    const options = readTokenOptions(process.argv.slice(2), process.env);
    await createDevKeys(options.keysDir);
    console.log(await issueDevToken(options));
  } catch (error) {
    console.error(`token: ${(error as Error).message}`);
    process.exitCode = error instanceof UsageError ? 64 : 1;
  }
}
