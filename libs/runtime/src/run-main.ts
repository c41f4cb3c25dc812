import { createLogger } from './create-logger.ts';
import { run, type App, type RunOptions } from './run.ts';
import { reportStartError } from './start-error.ts';

/**
 * `run` for a whole main.ts: what goes wrong in `setup`, before there is an app or a configured logger, also ends as one
 * clear line and an exit code.
 *
 *     await runMain('order', async () => {
 *       const config = loadConfig(configSchema);
 *       const logger = createLogger({ service: 'order', level: config.LOG_LEVEL });
 *       return { app: createOrderApp(config, { logger }), logger };
 *     });
 */
export async function runMain(
  service: string,
  setup: () => Promise<RunOptions & { app: App }>,
): Promise<void> {
  let ready: RunOptions & { app: App };
  try {
    ready = await setup();
  } catch (error) {
    process.exit(reportStartError(error, createLogger({ service })));
  }
  await run(ready.app, ready);
}
