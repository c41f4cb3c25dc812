import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { CHANNEL_PATH } from '../channel/channel-path.ts';

/** A peer by bare HTTP/2, for answers that no gRPC server would give. */
export interface Http2Peer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly address: string;
}

/** Answers a call with this status and no message. */
export function refuseWith(stream: ServerHttp2Stream, code: number): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': `${code}` };
  stream.respond(headers, { endStream: true });
}

/** Starts one on a free port that answers each call, and each channel that is opened, as it is told. By default it knows no channels. */
export async function startHttp2Peer(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  answerChannel = (stream: ServerHttp2Stream): void => refuseWith(stream, 12),
): Promise<Http2Peer> {
  const server = createServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':path'] === CHANNEL_PATH) answerChannel(stream);
    else answer(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
