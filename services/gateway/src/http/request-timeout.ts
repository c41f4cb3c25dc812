import { badRequest } from '@millrace/rpc';

/** Seconds, at most a million, fractions down to the millisecond. */
const FORM = /^\d{1,6}(\.\d{1,3})?$/;

/**
 * When a request must be over, on the performance.now() scale, from its Request-Timeout header: how many seconds the client
 * is going to wait. Infinity without one. It can only shorten what the method's policy allows.
 *
 * Throws INVALID_ARGUMENT naming the header.
 */
export function deadlineOf(header: string | undefined, nowMs = performance.now()): number {
  if (header === undefined) return Infinity;
  if (!FORM.test(header) || Number(header) === 0) {
    throw badRequest([{ field: 'request-timeout', description: 'expected seconds, such as 2.5' }]);
  }
  return nowMs + Number(header) * 1000;
}
