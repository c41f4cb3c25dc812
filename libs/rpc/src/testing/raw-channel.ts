import { once } from 'node:events';
import { connect, createServer, type Http2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { ChannelClient } from '../channel/channel-client.ts';
import { isCarried, longBytesFor } from '../channel/channel-limits.ts';
import { CHANNEL_PATH } from '../channel/channel-path.ts';
import { ChannelServer } from '../channel/channel-server.ts';
import type { Pipe } from '../channel/pipe.ts';
import { createHandle } from '../handle.ts';
import type { Implementation } from '../handlers.ts';
import { DEFAULT_MESSAGE_BYTES } from '../limits.ts';
import type { OpenCall } from '../server-calls.ts';
import { Code, RpcError } from '../status.ts';
import type { Transport } from '../transport.ts';

const PREFIX_BYTES = 4;

/** Frames with their lengths before them, as they come off a stream. */
function readFrames(stream: Http2Stream, take: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (data: Buffer) => {
    let bytes = rest.length > 0 ? Buffer.concat([rest, data]) : data;
    while (bytes.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + bytes.readUInt32BE();
      if (bytes.length < end) break;
      take(bytes.subarray(PREFIX_BYTES, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes;
  });
}

function pipeTo(stream: Http2Stream): Pipe {
  return {
    send: (frame, left) => {
      const bytes = Buffer.allocUnsafe(PREFIX_BYTES + frame.length);
      bytes.writeUInt32BE(frame.length);
      frame.copy(bytes, PREFIX_BYTES);
      stream.write(bytes, left);
    },
  };
}

/** A server's end of channels over HTTP/2 without grpc-js, to be measured against. On any free port of this machine. */
export async function startRawChannelServer(services: readonly Implementation[]): Promise<number> {
  const methods = services.flatMap(({ service }) => Object.values(service.methods)).filter(isCarried);
  const messageBytes = DEFAULT_MESSAGE_BYTES;
  const limits = {
    calls: 1_000,
    messageBytes,
    metadataBytes: 16 * 1024,
    longBytes: longBytesFor(messageBytes),
  };
  const calls = { handle: createHandle(services), open: new Set<OpenCall>(), maxMessageBytes: messageBytes };
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    const channel = new ChannelServer({
      pipe: pipeTo(stream),
      end: () => stream.end(),
      peer: { address: undefined, identity: undefined },
      methods,
      calls,
      limits,
    });
    readFrames(stream, (frame) => channel.receive(frame));
    stream.on('close', () => channel.closed());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The client's end. Carries unary calls, and nothing else. */
export async function createRawChannelTransport(address: string): Promise<Transport> {
  const session = connect(`http://${address}`);
  const stream = session.request({ ':method': 'POST', ':path': CHANNEL_PATH });
  stream.on('error', () => undefined);
  const open = Promise.withResolvers<void>();
  const broken = (): never => {
    throw new RpcError(Code.UNAVAILABLE, 'the channel broke');
  };
  const channel = new ChannelClient({
    pipe: pipeTo(stream),
    messageBytes: DEFAULT_MESSAGE_BYTES,
    maxQueued: 10_000,
    maxQueuedMs: 1_000,
    onOpen: open.resolve,
    onDrain: () => undefined,
    onWorn: () => undefined,
    onStranded: (one) => one.handOver(broken),
    end: () => stream.end(),
  });
  readFrames(stream, (frame) => channel.receive(frame));
  await open.promise;
  return {
    address,
    next: (call) => channel.send(call),
    connect: () => open.promise,
    close: async () => {
      session.destroy();
    },
  };
}
