import { diag, DiagLogLevel, metrics } from '@opentelemetry/api';
import type { Logger } from './logger.ts';

export interface TelemetryOptions {
  /** `service.name`, unless OTEL_SERVICE_NAME says otherwise. */
  service: string;
  /** `service.version`. */
  version?: string;
  /** The value of NODE_ENV: in production one trace in a hundred is kept, elsewhere all. Default: development. */
  env?: string;
  /** Gets the SDK's own complaints, an unreachable collector for example. Default: nobody. */
  logger?: Pick<Logger, 'warn' | 'error'>;
}

export interface Telemetry {
  /** All metrics of the process in Prometheus' text format. */
  metricsText(): Promise<string>;
  /** Sends what is still held back. */
  shutdown(): Promise<void>;
}

/**
 * Registers tracing, W3C propagation and metrics behind `@opentelemetry/api`. Spans are exported only when
 * OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_ENDPOINT says so, but always have ids, so that log lines and services
 * link up. Metrics are only ever pulled, by `metricsText`. OTEL_SDK_DISABLED=true leaves all of it out.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (process.env.OTEL_SDK_DISABLED === 'true') {
    return { metricsText: () => Promise.resolve(''), shutdown: () => Promise.resolve() };
  }
  const exporting = setTraceDefaults(process.env, options.env ?? 'development');
  // Loaded here because it takes 0.2 s, which a command-line tool that only wants the logger need not pay.
  const [{ startNodeSdk }, { PrometheusExporter, PrometheusSerializer }, { Histograms }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-prometheus'),
    import('./histograms.ts'),
  ]);
  const histograms = new Histograms();
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers: [histograms] });
  const serializer = new PrometheusSerializer();
  const sdk = startNodeSdk({
    logLevel: 'warn',
    resourceAttributes: resourceAttributes(options),
    resourceDetectors: [],
    metricReaders: [reader],
    logRecordProcessors: [],
    ...(!exporting && { spanProcessors: [discard] }),
  });
  const provider = histograms.over(metrics.getMeterProvider());
  metrics.disable();
  metrics.setGlobalMeterProvider(provider);
  reportProblems(options.logger);
  return {
    metricsText: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    shutdown: () => sdk.shutdown(),
  };
}

const discard = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** Fills in what the SDK would otherwise take from its own defaults; tells whether spans leave the process. */
function setTraceDefaults(env: NodeJS.ProcessEnv, environment: string): boolean {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? '';
  env.OTEL_TRACES_EXPORTER ||= endpoint === '' ? 'none' : 'otlp';
  const exporting = env.OTEL_TRACES_EXPORTER !== 'none';
  env.OTEL_TRACES_SAMPLER ||= exporting ? 'parentbased_traceidratio' : 'parentbased_always_off';
  env.OTEL_TRACES_SAMPLER_ARG ||= environment === 'production' ? '0.01' : '1';
  return exporting;
}

function resourceAttributes({ service, version, env }: TelemetryOptions): Record<string, string> {
  return {
    'service.name': process.env.OTEL_SERVICE_NAME || service,
    ...(version !== undefined && { 'service.version': version }),
    'deployment.environment.name': env ?? 'development',
  };
}

function reportProblems(logger: TelemetryOptions['logger']): void {
  const quiet = () => undefined;
  const toText = (args: unknown[]) => args.map(String).join(' ');
  const handlers = {
    error: (...args: unknown[]) => logger?.error({ telemetry: toText(args) }, 'telemetry failed'),
    warn: (...args: unknown[]) => logger?.warn({ telemetry: toText(args) }, 'telemetry complains'),
    info: quiet,
    debug: quiet,
    verbose: quiet,
  };
  diag.setLogger(handlers, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
