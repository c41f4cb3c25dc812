import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig, type Logger } from '@millrace/runtime';
import { createGatewayApp, type GatewayOverrides } from '../src/app.ts';
import { configSchema, type GatewayConfig } from '../src/config.ts';
import { createDevKeys } from '../src/dev-keys.ts';
import type { Problem } from '../src/http/problem.ts';
import { issueDevToken } from '../src/issue-token.ts';
import { startFakeOrderService, type FakeOrderService } from './fake-order-service.ts';

/** What a test sends by HTTP. */
export interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: alice, a customer. Null sends none. */
  readonly token?: string | null;
  readonly signal?: AbortSignal;
}

/** A real gateway on real sockets, in front of a fake order service. */
export interface GatewayRig {
  readonly url: string;
  readonly grpcAddress: string;
  readonly opsUrl: string;
  readonly config: GatewayConfig;
  readonly order: FakeOrderService;
  /** What was logged, a JSON line an entry. */
  readonly log: readonly string[];
  token(role?: string, subject?: string): Promise<string>;
  send(verb: string, path: string, sent?: Sent): Promise<Response>;
  /** Sends what must fail and gives the problem back. */
  problem(verb: string, path: string, sent?: Sent): Promise<Problem & { headers: Headers }>;
  stop(): Promise<void>;
}

interface Running {
  readonly config: GatewayConfig;
  readonly order: FakeOrderService;
  readonly log: string[];
  readonly addresses: Record<string, string>;
}

function recordingLogger(log: string[]): Logger {
  return createLogger({
    service: 'gateway',
    level: 'debug',
    destination: { write: (line) => void log.push(line) },
  });
}

function bodyOf({ body, headers = {} }: Sent): {
  body?: string | Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
} {
  if (body === undefined) return { headers };
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  return {
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body),
  };
}

function createRig({ config, order, log, addresses }: Running, stop: () => Promise<void>): GatewayRig {
  const url = addresses.http ?? '';
  const token = (role = 'customer', subject = 'alice') =>
    issueDevToken({ keysDir: config.KEYS_DIR, roles: [role], subject });
  const send = async (verb: string, path: string, sent: Sent = {}) => {
    const bearer = sent.token === undefined ? await token() : sent.token;
    const { headers, ...rest } = bodyOf(sent);
    return fetch(url + path, {
      method: verb,
      headers: { ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }), ...headers },
      ...rest,
      ...(sent.signal && { signal: sent.signal }),
    });
  };
  return {
    url,
    grpcAddress: addresses.grpc ?? '',
    opsUrl: addresses.ops ?? '',
    ...{ config, order, log, token, send, stop },
    async problem(verb, path, sent) {
      const response = await send(verb, path, sent);
      const problem = (await response.json()) as Problem;
      if (problem.status !== response.status)
        throw new Error(`${verb} ${path}: ${response.status} is no problem`);
      return { ...problem, headers: response.headers };
    },
  };
}

/** The first call connects and compiles, which on a busy machine takes longer than some methods may. */
async function warmUp(rig: GatewayRig): Promise<void> {
  const products = [{ sku: 'MUG', unitPrice: { currencyCode: 'GBP', amountMinor: '1' } }];
  const response = await rig.send('POST', '/v1/products', {
    body: { products },
    token: await rig.token('admin'),
  });
  if (!response.ok) throw new Error(`the gateway does not work: ${await response.text()}`);
  rig.order.reset();
}

/** Starts both on free ports. The caller stops the rig. */
export async function startGateway(
  overrides: GatewayOverrides = {},
  env: Record<string, string> = {},
): Promise<GatewayRig> {
  const KEYS_DIR = await mkdtemp(join(tmpdir(), 'millrace-gateway-'));
  await createDevKeys(KEYS_DIR);
  const log: string[] = [];
  const logger = recordingLogger(log);
  const order = await startFakeOrderService(KEYS_DIR, logger);
  const free = { HTTP_PORT: '0', GRPC_PORT: '0', OPS_PORT: '0', NODE_ENV: 'test' };
  const config = loadConfig(configSchema, { ...free, KEYS_DIR, ORDER_ADDRESS: order.address, ...env });
  const app = createGatewayApp(config, { logger, ...overrides });
  const addresses = await app.start();
  const rig = createRig({ config, order, log, addresses }, async () => {
    await app.stop();
    await order.close();
    await rm(KEYS_DIR, { recursive: true });
  });
  await warmUp(rig);
  return rig;
}
