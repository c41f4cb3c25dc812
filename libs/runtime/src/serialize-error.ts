import { types } from 'node:util';

const MAX_CAUSES = 3;

/**
 * What a log line says of an error. One with a `reason` was foreseen and its stack says nothing new; of any other the
 * stack is what finds the bug.
 */
export function serializeError(error: unknown, depth = 0): unknown {
  if (!types.isNativeError(error)) return error;
  const { reason, code } = error as { reason?: unknown; code?: unknown };
  const known = typeof reason === 'string' && reason !== '';
  return {
    name: error.name,
    ...(known && { reason }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: hideCredentials(error.message),
    ...(!known && { stack: hideCredentials(error.stack ?? '') }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: serializeError(error.cause, depth + 1) }),
  };
}

/** `scheme://user:password@host` without the password: drivers put whole addresses into their messages. */
export function hideCredentials(text: string): string {
  return text.replace(/(:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:***@');
}
