import { createLogger, loadConfig, runMain, startTelemetry } from '@millrace/runtime';
import { createOrderApp } from './app.ts';
import { configSchema } from './config.ts';

await runMain('order', async () => {
  const config = loadConfig(configSchema);
  const { NODE_ENV: env, LOG_LEVEL: level, SHUTDOWN_GRACE_MS: graceMs } = config;
  const logger = createLogger({ service: 'order', level, pretty: env === 'development' });
  const telemetry = await startTelemetry({ service: 'order', env, logger });
  const app = createOrderApp(config, { logger, metricsText: telemetry.metricsText });
  return { app, logger, graceMs, telemetry };
});
