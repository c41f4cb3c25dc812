import { describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { boundaries } from '../eslint.boundaries.config.ts';

const eslint = new ESLint({
  overrideConfigFile: true,
  overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } }, ...boundaries],
});

/** What the dependency rule says of one import in `file`; nothing means that it may stand. */
async function verdict(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: file });
  return result?.messages.map(({ message }) => message) ?? [];
}

const imports = (source: string) => `import { x } from '${source}';\nexport { x };`;

describe('the dependency rule refuses', () => {
  test.each([
    ['services/order/src/adapters/a.ts', '@millrace/payment', 'A service never imports another service'],
    ['services/order/test/a.test.ts', '../../payment/src/app.ts', 'A service never imports another service'],
    ['libs/durable/src/a.ts', '@millrace/order', 'A lib knows no service'],
    ['libs/rpc/src/a.ts', '@millrace/interceptors', 'interceptors -> rpc -> contracts: rpc -> contracts.'],
    ['libs/contracts/src/a.ts', '@millrace/rpc', 'contracts -> no other lib'],
    ['libs/durable/src/a.ts', '@millrace/rpc', 'durable -> no other lib'],
    ['libs/runtime/src/a.ts', '@millrace/rpc/testing', 'runtime -> no other lib'],
    ['services/order/src/domain/a.ts', '../use-cases/place-order.ts', 'domain.'],
    ['services/order/src/domain/a.ts', 'node:crypto', 'domain -> nothing'],
    ['services/order/src/domain/a.ts', '../app.ts', 'nothing below imports the composition root'],
    ['services/order/src/use-cases/a.ts', '../adapters/order-store.ts', 'use-cases -> domain.'],
    ['services/order/src/use-cases/a.ts', '../grpc/handlers.ts', 'use-cases -> domain.'],
    [
      'services/order/src/grpc/a.ts',
      '../adapters/order-store.ts',
      'grpc and adapters do not know each other',
    ],
    [
      'services/order/src/adapters/deep/a.ts',
      '../../grpc/handlers.ts',
      'adapters and grpc or http do not know',
    ],
    ['services/gateway/src/http/a.ts', '../adapters/x.ts', 'http and adapters do not know each other'],
    ['services/gateway/src/app.ts', '@millrace/rpc/src/client.ts', 'only through its exports'],
    ['services/gateway/src/app.ts', '../../../libs/rpc/src/client.ts', 'only through its exports'],
  ])('in %s an import of %s', async (file, source, message) => {
    expect(await verdict(file, imports(source))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['@grpc/grpc-js', 'services/order/src/grpc/a.ts', 'gRPC is spoken only by libs/rpc.'],
    ['@grpc/reflection', 'tools/demo/src/a.ts', 'gRPC is spoken only by libs/rpc.'],
    ['@grpc/proto-loader', 'libs/rpc/src/a.ts', 'Protos are loaded only by libs/contracts.'],
    ['cockatiel', 'libs/rpc/src/a.ts', 'cockatiel stays inside libs/interceptors.'],
    [
      '@opentelemetry/sdk-node',
      'services/order/src/app.ts',
      'The OpenTelemetry SDK is started only by libs/runtime',
    ],
    ['pino', 'libs/durable/src/a.ts', 'Loggers are made only by libs/runtime'],
    ['pg', 'services/order/src/adapters/a.ts', 'PostgreSQL is spoken only by libs/durable.'],
    ['pg', 'tests/e2e/a.ts', 'PostgreSQL is spoken only by libs/durable.'],
    ['fastify', 'services/order/src/app.ts', 'HTTP is spoken only by services/gateway.'],
    ['@fastify/helmet', 'libs/runtime/src/a.ts', 'HTTP is spoken only by services/gateway.'],
    ['nice-grpc', 'bench/src/sides/a.ts', 'known only to bench/peers.'],
    ['nice-grpc-client-middleware-retry', 'libs/interceptors/src/a.ts', 'known only to bench/peers.'],
    ['@connectrpc/connect', 'services/gateway/src/http/a.ts', 'known only to bench/peers.'],
    ['@nestjs/common', 'tools/demo/src/a.ts', 'known only to bench/peers.'],
    ['@millrace/rpc', 'bench/peers/src/a.ts', 'Peers are measured without the kit.'],
    ['pg', 'bench/peers/src/a.ts', 'PostgreSQL is spoken only by libs/durable.'],
  ])('%s in %s, imported in any way', async (source, file, message) => {
    const expected = [expect.stringContaining(message)];
    expect(await verdict(file, imports(source))).toEqual(expected);
    expect(await verdict(file, `import type { X } from '${source}';\nexport type Y = X;`)).toEqual(expected);
    expect(await verdict(file, `export * from '${source}';`)).toEqual(expected);
    expect(await verdict(file, `export const x = await import('${source}');`)).toEqual(expected);
  });
});

describe('the dependency rule allows', () => {
  test.each([
    ['libs/rpc/src/a.ts', '@grpc/grpc-js'],
    ['libs/contracts/src/load.ts', '@grpc/proto-loader'],
    ['libs/contracts/src/index.ts', '../gen/shop/order/v1/order_pb.js'],
    ['libs/interceptors/src/retry/a.ts', 'cockatiel'],
    ['libs/interceptors/src/retry/a.ts', '@millrace/rpc'],
    ['libs/interceptors/src/tracing.ts', '@opentelemetry/api'],
    ['libs/runtime/src/telemetry.ts', '@opentelemetry/sdk-node'],
    ['libs/durable/src/postgres/pool.ts', 'pg'],
    ['services/gateway/src/http/server.ts', 'fastify'],
    ['services/order/src/main.ts', './app.ts'],
    ['services/order/src/app.ts', './adapters/order-store.ts'],
    ['services/order/src/grpc/a.ts', '../use-cases/place-order.ts'],
    ['services/order/src/adapters/a.ts', '../use-cases/ports.ts'],
    ['services/order/src/adapters/a.ts', '@millrace/durable'],
    ['services/order/src/use-cases/a.ts', '../domain/order.ts'],
    ['services/order/src/domain/a.ts', './money.ts'],
    ['services/order/src/domain/a.test.ts', 'fast-check'],
    ['services/order/test/order.test.ts', '../src/app.ts'],
    ['tools/dev/src/system.ts', '@millrace/payment'],
    ['tests/e2e/a.test.ts', '@millrace/dev'],
    ['bench/src/sides/a.ts', '@grpc/grpc-js'],
    ['bench/peers/src/a.ts', 'nice-grpc'],
    ['bench/peers/src/a.ts', '@opentelemetry/sdk-node'],
    ['bench/peers/src/a.ts', '../../src/sides/drive.ts'],
  ])('in %s an import of %s', async (file, source) => {
    expect(await verdict(file, imports(source))).toEqual([]);
  });
});
