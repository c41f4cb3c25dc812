import { Code, onFinished, RpcError, type Call, type Next, type Reply } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import { untilCancelled } from './until-cancelled.ts';

/** When a call must be over, and when it must be open; on the clock's scale. */
export interface Limits {
  /** Of the whole call; Infinity for none. */
  readonly deadlineMs: number;
  /** Of the time until its reply begins; Infinity for none. */
  readonly openByMs: number;
}

/** The error for a call whose time is over. */
export function deadlineExceeded(message: string, sent: 'never' | 'refused' | 'maybe'): RpcError {
  return new RpcError(Code.DEADLINE_EXCEEDED, message, { sent });
}

/**
 * Runs the call with one timer, which is gone when the call is. At expiry the call is cancelled, for its handler and all
 * that runs for it, and its reply rejects at once even if the handler hangs.
 */
export async function withinDeadline(
  call: Call,
  next: Next,
  limits: Limits & { clock: Clock },
): Promise<Reply> {
  const { deadlineMs, openByMs, clock } = limits;
  const expireAt = (whenMs: number) =>
    whenMs === Infinity
      ? undefined
      : clock.after(whenMs - clock.now(), () =>
          call.cancel(deadlineExceeded('the deadline has passed', 'maybe')),
        );
  let undo = expireAt(Math.min(deadlineMs, openByMs));
  const reply = await onFinished(untilCancelled(call, next(call)), () => undo?.());
  if (openByMs < deadlineMs && reply.kind === 'many') {
    undo?.();
    undo = expireAt(deadlineMs);
  }
  return reply;
}
