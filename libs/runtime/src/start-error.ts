import { ConfigError } from './config-error.ts';
import type { Logger } from './logger.ts';

const EX_CONFIG = 78;

/** Logs why the process cannot start and returns its exit code. Foreseen errors, which carry a `reason`, take one line without a stack. */
export function reportStartError(error: unknown, logger: Pick<Logger, 'error'>): number {
  const { reason, message } = error as { reason?: unknown; message?: unknown };
  if (typeof reason === 'string') logger.error({ reason }, `cannot start: ${String(message)}`);
  else logger.error({ err: error }, 'cannot start');
  return error instanceof ConfigError ? EX_CONFIG : 1;
}
