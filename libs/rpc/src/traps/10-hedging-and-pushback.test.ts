import { Metadata, type handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport, RpcError } from '../index.ts';
import { createRig } from '../testing.ts';
import { startHttp2Peer } from '../testing/http2-peer.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

const CALLS = 5;
const name = [{ service: 'bare.Service' }];
/** So few tokens that the first failure uses them up. */
const retryThrottling = { maxTokens: 1, tokenRatio: 0.1 };

/** How many attempts a failing server sees of so many calls. */
async function attempts(config: object, trailers: Record<string, string> = {}): Promise<number> {
  let seen = 0;
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  const unary: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
    seen += 1;
    callback({ code: Code.UNAVAILABLE, details: 'busy', metadata });
  };
  await using server = await startBareServer({ unary });
  using client = createBareGrpcClient(server.address, { 'grpc.service_config': JSON.stringify(config) });
  for (let count = 0; count < CALLS; count++) await client.call().catch(() => undefined);
  return seen;
}

const retryPolicy = {
  maxAttempts: 2,
  initialBackoff: '5s',
  maxBackoff: '5s',
  backoffMultiplier: 1,
  retryableStatusCodes: ['UNAVAILABLE'],
};
const hedgingPolicy = {
  maxAttempts: 3,
  hedgingDelay: '0.001000000s',
  nonFatalStatusCodes: ['UNAVAILABLE'],
};

test('grpc-js still hedges without a thought for retryThrottling (if not, hedges may come from a service config)', async () => {
  expect(await attempts({ methodConfig: [{ name, hedgingPolicy }], retryThrottling })).toBeGreaterThan(
    CALLS + 2,
  );
});

test('grpc-js still retries at once when it cannot read the pushback (if not, retries may come from a service config)', async () => {
  // Were the junk taken for "do not retry", or the backoff kept, there would be one attempt for each call by now.
  const startMs = performance.now();
  expect(
    await attempts({ methodConfig: [{ name, retryPolicy }] }, { 'grpc-retry-pushback-ms': 'junk' }),
  ).toBeGreaterThan(CALLS);
  expect(performance.now() - startMs).toBeLessThan(4_000);
});

test.each(['unary', 'serverStream'] as const)('ours makes one attempt of a %s call', async (kind) => {
  let seen = 0;
  await using rig = await createRig({
    server: [
      () => {
        seen += 1;
        return Promise.reject(new RpcError(Code.UNAVAILABLE, 'busy'));
      },
    ],
  });
  await expect(rig.call(kind)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  expect(seen).toBe(1);
});

test.each(['junk', '-1', '1.5', ''])('ours takes the pushback %j for "do not come back"', async (value) => {
  const trailers = { 'grpc-status': '14', 'grpc-message': 'busy', 'grpc-retry-pushback-ms': value };
  await using peer = await startHttp2Peer((stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true }),
  );
  const transport = createTransport({ address: peer.address });
  const failure = createBareClient(EchoService, { transport }).echo({});
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, retryDelayMs: -1 });
  await transport.close();
});
