import { CatalogService, createPolicyTable, OrderService } from '@millrace/contracts';
import { parsePolicies, PaymentService } from '@millrace/contracts';
import { durationMs, parsed, path, port, tlsSettings, url } from '@millrace/runtime';
import { z } from 'zod';

const POSTGRES = ['postgres', 'postgresql'];
const CONTRACT = [OrderService, CatalogService, PaymentService];

/** The settings of the order service, by environment variable. */
export const configSchema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  GRPC_HOST: z.string().default('127.0.0.1'),
  GRPC_PORT: port(50_051),
  /** Health and metrics. */
  OPS_HOST: z.string().default('127.0.0.1'),
  OPS_PORT: port(0),
  DATABASE_URL: url(POSTGRES),
  /** Where events are published and payment events come from. */
  BUS_URL: url(POSTGRES),
  PAYMENT_ADDRESS: z.string({ error: 'expected host:port' }).regex(/^[^\s/]+:\d{1,5}$/, 'expected host:port'),
  /** The folder with `public.jwks.json`, the keys of those who may call, and `order.private.jwk.json`, our own. */
  KEYS_DIR: path(),
  /** What is said of methods beside their protos, as JSON: `{"shop.order.v1.OrderService/GetOrder": {"deadline_ms": 500}}`. */
  POLICIES: parsed((text) => createPolicyTable(CONTRACT, parsePolicies(text)), '{}'),
  /** How long a stop may take. */
  SHUTDOWN_GRACE_MS: durationMs(10_000),
  ...tlsSettings,
});

export type OrderConfig = z.output<typeof configSchema>;
