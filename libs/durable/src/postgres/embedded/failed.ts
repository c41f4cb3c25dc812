import { DurableError } from '../errors.ts';

/** The embedded server cannot be had or does not start; the message says what to do. */
export class EmbeddedPostgresFailed extends DurableError {
  override readonly name = 'EmbeddedPostgresFailed';
  constructor(message: string, cause?: unknown) {
    super({ reason: 'EMBEDDED_POSTGRES_FAILED', message, cause });
  }
}
