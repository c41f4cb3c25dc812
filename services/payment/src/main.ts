import { createLogger, loadConfig, runMain, startTelemetry } from '@millrace/runtime';
import { createPaymentApp } from './app.ts';
import { configSchema } from './config.ts';

await runMain('payment', async () => {
  const config = loadConfig(configSchema);
  const pretty = config.NODE_ENV === 'development';
  const logger = createLogger({ service: 'payment', level: config.LOG_LEVEL, pretty });
  const telemetry = await startTelemetry({ service: 'payment', env: config.NODE_ENV, logger });
  const app = createPaymentApp(config, { logger, metricsText: telemetry.metricsText });
  return { app, logger, telemetry, graceMs: config.SHUTDOWN_GRACE_MS };
});
