export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * What the kit's parts need of a logger; pino's fits. Fields first, then a constant sentence:
 * `logger.warn({ orderId, err }, 'payment is not reachable')`.
 */
export interface Logger {
  debug(fieldsOrMessage: object | string, message?: string): void;
  info(fieldsOrMessage: object | string, message?: string): void;
  warn(fieldsOrMessage: object | string, message?: string): void;
  error(fieldsOrMessage: object | string, message?: string): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: Record<string, unknown>): Logger;
}
