import { createLogger, loadConfig, runMain, startTelemetry } from '@millrace/runtime';
import { createGatewayApp } from './app.ts';
import { configSchema } from './config.ts';

await runMain('gateway', async () => {
  const config = loadConfig(configSchema);
  const pretty = config.NODE_ENV === 'development' && process.stdout.isTTY;
  const logger = createLogger({ service: 'gateway', level: config.LOG_LEVEL, pretty });
  const telemetry = await startTelemetry({ service: 'gateway', env: config.NODE_ENV, logger });
  const app = createGatewayApp(config, { logger, metricsText: () => telemetry.metricsText() });
  return { app, logger, graceMs: config.SHUTDOWN_GRACE_MS, telemetry };
});
