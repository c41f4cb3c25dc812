import { createPolicyTable, parsePolicies, PaymentService } from '@millrace/contracts';
import { durationMs, parsed, path, port, tlsSettings, url } from '@millrace/runtime';
import { z } from 'zod';

const POSTGRES = ['postgres', 'postgresql'];

/** The settings of the payment service, by environment variable. */
export const configSchema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  GRPC_HOST: z.string().default('127.0.0.1'),
  GRPC_PORT: port(50_052),
  /** Health and metrics. */
  OPS_HOST: z.string().default('127.0.0.1'),
  OPS_PORT: port(0),
  DATABASE_URL: url(POSTGRES),
  /** Where events are published. */
  BUS_URL: url(POSTGRES),
  /** The folder with `public.jwks.json`, the keys of those who may call. */
  KEYS_DIR: path(),
  /** Longest wait for one answer of the payment provider. */
  PROVIDER_TIMEOUT_MS: durationMs(2_000),
  /** After this time without anybody asking again, undecided payments are settled by the service itself. */
  RESOLVE_AFTER_MS: durationMs(5_000),
  /** What is said of methods beside their protos, as JSON: `{"shop.payment.v1.PaymentService/Void": {"deadline_ms": 500}}`. */
  POLICIES: parsed((text) => createPolicyTable([PaymentService], parsePolicies(text)), '{}'),
  /** How long a stop may take. */
  SHUTDOWN_GRACE_MS: durationMs(10_000),
  ...tlsSettings,
});

export type PaymentConfig = z.output<typeof configSchema>;
