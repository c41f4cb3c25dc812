import type { Logger } from './logger.ts';
import { reportStartError } from './start-error.ts';
import type { Telemetry } from './telemetry.ts';

/** A composed service. `stop` undoes whatever `start` has done so far, also after a start that failed half way. */
export interface App {
  /** Resolves when the app serves, with its addresses by name: `{ http: 'http://127.0.0.1:8080' }`. */
  start(): Promise<Record<string, string>>;
  /** Not-serving first, then drain, then close what is open. */
  stop(): Promise<void>;
}

export interface RunOptions {
  logger: Logger;
  /** How long `stop` may take before the process ends regardless. Default: 10 s. */
  graceMs?: number;
  /** Shut down last, so that the spans of the last calls get out. */
  telemetry?: Pick<Telemetry, 'shutdown'>;
}

/**
 * Runs `app` as this process until SIGTERM, SIGINT, the end of the parent that holds its IPC channel, or an error nobody
 * caught; then stops it and exits. The same signal a second time, or the end of `graceMs`, ends the process at once with 1.
 * Exit codes: 0 after a clean stop, 1 after an error, 78 for a wrong configuration.
 */
export async function run(app: App, options: RunOptions): Promise<void> {
  const { logger } = options;
  const starting = Promise.resolve().then(() => app.start());
  const stop = createStop(() => starting.catch(() => undefined).then(() => app.stop()), options);
  stopOnSignals(logger, stop);
  stopOnErrors(logger, stop);
  // A child of the development launcher must not outlive it.
  if (process.connected) process.once('disconnect', () => stop(0));
  try {
    const addresses = await starting;
    logger.info({ addresses }, 'ready');
    process.send?.({ type: 'ready', addresses });
  } catch (error) {
    stop(reportStartError(error, logger));
  }
}

type Stop = (exitCode: number) => void;

/** Stops once, whoever asks first; the worst exit code asked for wins. */
function createStop(stopApp: () => Promise<void>, { logger, graceMs = 10_000, telemetry }: RunOptions): Stop {
  let code = 0;
  let stopping = false;
  const attempt = async (step: () => Promise<void> | undefined) => {
    try {
      await step();
    } catch (err) {
      logger.error({ err }, 'stopping failed');
      code ||= 1;
    }
  };
  const stopAll = async () => {
    setTimeout(() => {
      logger.error({ graceMs }, 'not stopped within the grace time, forced to end');
      process.exit(1);
    }, graceMs);
    await attempt(stopApp);
    await attempt(() => telemetry?.shutdown());
    process.exit(code);
  };
  return (exitCode) => {
    code ||= exitCode;
    if (stopping) return;
    stopping = true;
    void stopAll();
  };
}

function stopOnSignals(logger: Logger, stop: Stop): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // A terminal's Ctrl-C reaches a launcher and its children, and the launcher then says SIGTERM: only a repeat is impatience.
    let count = 0;
    process.on(signal, () => {
      count += 1;
      if (count > 1) {
        logger.warn({ signal }, 'forced to end');
        process.exit(1);
      }
      logger.info({ signal }, 'stopping');
      stop(0);
    });
  }
}

function stopOnErrors(logger: Logger, stop: Stop): void {
  const crash = (err: unknown) => {
    logger.error({ err }, 'uncaught error, stopping');
    stop(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}
