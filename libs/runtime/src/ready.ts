import { hideCredentials } from './serialize-error.ts';

const CHECK_TIMEOUT_MS = 1_000;

export interface ReadyCheck {
  name: string;
  /** Throws or rejects when the process should get no traffic; the error's `reason`, or else its message, is shown. */
  check(): Promise<void> | void;
}

interface ReadyAnswer {
  status: 'ready' | 'not ready';
  checks: ({ name: string } & CheckResult)[];
}

type CheckResult = { ok: true } | { ok: false; reason: string };

/** Runs all checks side by side and adds one named `accepting`: started and not draining. */
export async function answerReady(accepting: boolean, checks: readonly ReadyCheck[]): Promise<ReadyAnswer> {
  const own: ReadyCheck = {
    name: 'accepting',
    check: () => {
      if (!accepting) throw new Error('starting or draining');
    },
  };
  const results = await Promise.all(
    [own, ...checks].map(async ({ name, check }) => ({ name, ...(await outcome(check)) })),
  );
  return { status: results.every(({ ok }) => ok) ? 'ready' : 'not ready', checks: results };
}

async function outcome(check: ReadyCheck['check']): Promise<CheckResult> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)),
    CHECK_TIMEOUT_MS,
  );
  try {
    await Promise.race([(async () => check())(), late]);
    return { ok: true };
  } catch (error) {
    const { reason, message } = error as { reason?: unknown; message?: unknown };
    return { ok: false, reason: hideCredentials(String(reason ?? message ?? error)) };
  } finally {
    clearTimeout(timer);
  }
}
