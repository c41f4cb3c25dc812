import { CatalogService, createPolicyTable, OrderService, parsePolicies } from '@millrace/contracts';
import { durationMs, parsed, path, port, tlsSettings } from '@millrace/runtime';
import { z } from 'zod';

/** The issuer of `make token`. Its secret lies on a developer's disk, so nothing in production may trust it. */
const DEV_ISSUER = 'dev-issuer';

const ADDRESS = z.string().regex(/^[^\s/]+:\d{1,5}$/, { error: 'expected host:port' });
const CONTRACT = [OrderService, CatalogService];
const HOST = z.string().default('127.0.0.1');

/** The gateway's settings, each an environment variable of that name. */
export const configSchema = z
  .object({
    NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    HTTP_HOST: HOST,
    HTTP_PORT: port(8080),
    GRPC_HOST: HOST,
    GRPC_PORT: port(8081),
    OPS_HOST: HOST,
    OPS_PORT: port(8082),
    /** Of the order service. */
    ORDER_ADDRESS: ADDRESS.default('127.0.0.1:50051'),
    /** Holds `public.jwks.json`, which tokens are checked with, and `gateway.private.jwk.json`, which we sign with. */
    KEYS_DIR: path('.millrace/dev/keys'),
    /** Whose tokens let people in. */
    AUTH_ISSUER: z.string().min(1).default(DEV_ISSUER),
    /** What those tokens must be meant for. */
    AUTH_AUDIENCE: z.string().min(1).default('millrace'),
    /** What is said of methods beside their protos, as JSON: `{"shop.order.v1.OrderService/GetOrder": {"deadline_ms": 500}}`. */
    POLICIES: parsed((text) => createPolicyTable(CONTRACT, parsePolicies(text)), '{}'),
    SHUTDOWN_GRACE_MS: durationMs(10_000),
    /** Of the gRPC door and of the services behind; HTTP is secured by what stands in front. */
    ...tlsSettings,
  })
  .refine(({ NODE_ENV, AUTH_ISSUER }) => NODE_ENV !== 'production' || AUTH_ISSUER !== DEV_ISSUER, {
    path: ['AUTH_ISSUER'],
    error: `expected your token issuer: ${DEV_ISSUER} is refused in production`,
    // Beside other problems too, so that all are named at once.
    when: () => true,
  });

export type GatewayConfig = z.output<typeof configSchema>;
