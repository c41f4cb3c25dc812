import { loadConfig, flag, path } from '@millrace/runtime';
import { SERVICES, type ServiceName } from '@millrace/dev';
import { z } from 'zod';

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: ({ input }) => `expected a whole number from ${min} to ${max}, got ${JSON.stringify(input)}`,
    })
    .transform(Number);

const schema = z.object({
  ORDERS: wholeNumber(1, 100_000).optional(),
  FILE: path().optional(),
  KILL: z
    .enum(SERVICES, {
      error: ({ input }) => `expected one of ${SERVICES.join(', ')}, got ${JSON.stringify(input)}`,
    })
    .optional(),
  KEEP: flag(),
  SEED: wholeNumber(0, 2 ** 31).optional(),
});

/** What `make demo` is told by environment variables. */
export interface Settings {
  orders: number;
  /** Takes the place of the made-up orders. */
  file: string | undefined;
  kill: ServiceName | undefined;
  keep: boolean;
  seed: number;
}

/** Throws ConfigError naming each wrong variable. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  if (env['FILE'] && env['ORDERS'])
    throw new Error('FILE and ORDERS exclude each other: a file has its own orders');
  const { ORDERS = 1_000, FILE, KILL, KEEP, SEED } = loadConfig(schema, env);
  const seed = SEED ?? Math.floor(Math.random() * 1_000_000);
  return { orders: ORDERS, file: FILE, kill: KILL, keep: KEEP, seed };
}
