import { DurableError } from '../postgres/errors.ts';

/** The cursor is older than what is kept, or from a future that never was; start again from a snapshot. */
export class CursorOutOfRange extends DurableError {
  override readonly name = 'CursorOutOfRange';
  constructor(after: bigint, kept: { from: bigint; to: bigint }) {
    const message = `cursor ${after} is outside of what is kept, ${kept.from} to ${kept.to}`;
    super({ reason: 'CURSOR_OUT_OF_RANGE', message });
  }
}
