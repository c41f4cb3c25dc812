import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createCodec, PlaceOrderRequestSchema, PlaceOrderResponseSchema } from '@millrace/contracts';
import { placed } from '../messages.ts';
import { frame, unframe } from './http2-framing.ts';
import type { StartServer } from './traffic.ts';

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

/** gRPC by hand over Node's own HTTP/2, with the contract's codec. */
export const startHttp2Server: StartServer = async () => {
  const request = createCodec(PlaceOrderRequestSchema);
  const response = createCodec(PlaceOrderResponseSchema);
  const serve = (stream: ServerHttp2Stream): void => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => void pieces.push(piece));
    stream.on('end', () => {
      request.decode(unframe(pieces));
      stream.respond(HEADERS, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(response.encode(placed)));
    });
    stream.on('error', () => stream.close());
  };
  const server = createServer().on('stream', serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
