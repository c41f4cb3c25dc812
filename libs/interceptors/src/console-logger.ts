import type { Logger } from './logger.ts';

/** An Error's own fields are not enumerable: JSON alone would show `{}`. */
function withErrors(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value;
}

function write(level: string, fields: object, message: string): void {
  console.error(JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }, withErrors));
}

/** For who brings no logger: warnings and errors as lines of JSON on stderr, the rest is dropped. */
export const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
};
