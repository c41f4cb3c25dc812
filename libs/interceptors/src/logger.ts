/** What the interceptors need of a logger; pino's fits. Fields first, then a constant sentence. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Whether a line at this level would be written. Without it all are. */
  isLevelEnabled?(level: 'debug'): boolean;
}
