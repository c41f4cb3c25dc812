import { Code } from '../status.ts';

/** A frame that breaks the protocol: it ends its stream with this status, and nothing else. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code: Code;

  /** `code` is RESOURCE_EXHAUSTED where a limit was passed, and otherwise INVALID_ARGUMENT. */
  constructor(message: string, code: Code = Code.INVALID_ARGUMENT) {
    super(`channel: ${message}`);
    this.code = code;
  }
}
