import type { ServerHttp2Stream } from 'node:http2';
import { expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport } from '../index.ts';
import { createBareGrpcClient } from '../testing/bare-grpc.ts';
import { startHttp2Peer } from '../testing/http2-peer.ts';

const answer =
  (status: string) =>
  (stream: ServerHttp2Stream): void =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
      { endStream: true },
    );

test('grpc-js still hands out codes that gRPC does not have (if not, normalizeCode in libs/rpc/src/status.ts can go)', async () => {
  const codes = [];
  for (const status of ['999', '-1', 'x']) {
    await using peer = await startHttp2Peer(answer(status));
    using bare = createBareGrpcClient(peer.address);
    codes.push(((await bare.call().catch((error: unknown) => error)) as { code: unknown }).code);
  }
  expect(codes).toEqual([999, -1, NaN]);
});

test.each(['999', '-1', 'x', '17', 'NaN'])('ours makes %j UNKNOWN', async (status) => {
  await using peer = await startHttp2Peer(answer(status));
  const transport = createTransport({ address: peer.address });
  const failure = createBareClient(EchoService, { transport }).echo({});
  await expect(failure).rejects.toMatchObject({ code: Code.UNKNOWN });
  await transport.close();
});
