import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Method } from '@millrace/contracts';
import type { Entrance } from './channel/channel-entrance.ts';
import { CHANNELS_PER_CONNECTION } from './channel/channel-limits.ts';
import { CHANNEL_PATH } from './channel/channel-path.ts';
import type { ServerStream } from './channel/server-stream.ts';
import { toGrpcStatus } from './grpc-status.ts';
import { acceptsGzip, GzipReplies } from './gzip-replies.ts';
import { DEFAULT_HEADER_BYTES, serverOptions, type ServerLimits } from './limits.ts';
import { limitPings } from './ping-limit.ts';
import { ServerCall } from './server-call.ts';
import type { OpenCall, Peer, ServerCalls } from './server-calls.ts';
import type { RpcError } from './status.ts';
import { readPeerIdentity } from './tls/peer-identity.ts';
import { headerBytes, prepareHeaders, refuse, takeEncoding } from './wire.ts';

type Header = string | string[] | undefined;
type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** Hands grpc-js's innermost call to ours, and leaves grpc-js's own handlers and streams out. */
class Ours extends ServerInterceptingCall {
  readonly #grpc: ServerInterceptingCallInterface;
  readonly #call: ServerCall | ServerStream;

  constructor(grpc: ServerInterceptingCallInterface, call: ServerCall | ServerStream) {
    super(grpc);
    this.#grpc = grpc;
    this.#call = call;
  }

  override start(): void {
    this.#grpc.start(this.#call);
  }
}

/** A call of health or reflection, which grpc-js's own handlers answer. */
class Theirs extends ServerInterceptingCall implements OpenCall {
  readonly isWatch = true;
  readonly #open: ServerCalls['open'];

  constructor(grpc: ServerInterceptingCallInterface, open: ServerCalls['open']) {
    super(grpc);
    this.#open = open;
  }

  cancel(why: RpcError): void {
    this.sendStatus(toGrpcStatus(why));
  }

  override start(listener: Listener): void {
    this.#open.add(this);
    super.start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => listener.onReceiveMessage(message),
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => {
        this.#open.delete(this);
        listener.onCancel();
      },
    });
  }
}

/** grpc-js shows nobody the HTTP/2 server that has the raw headers. */
function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { http2Servers: Map<Http2Server, unknown> };
  const [http2Server] = http2Servers.keys();
  if (!http2Server) throw new Error('grpc-js has changed: no http2Servers');
  return http2Server;
}

/** Who is at the other end, found out once for all calls of a connection. */
function createPeers(http2Server: Http2Server): (session: Http2Session | undefined) => Peer {
  const peers = new WeakMap<Http2Session, Peer>();
  http2Server.prependListener('session', (session: Http2Session) => {
    const { socket } = session;
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    const isVerified = socket instanceof TLSSocket && socket.authorized;
    const identity = isVerified ? readPeerIdentity(socket.getPeerCertificate()) : undefined;
    peers.set(session, { address, identity });
  });
  return (session) => (session && peers.get(session)) ?? NOBODY;
}

const NOBODY: Peer = { address: undefined, identity: undefined };

/** A grpc-js server whose connections come from outside and whose calls go to ours. */
export interface Door {
  readonly server: Server;
  enter(socket: Socket): void;
}

/** What is behind a door. */
export interface DoorOptions {
  /** By path. */
  readonly methods: ReadonlyMap<string, Method>;
  readonly calls: ServerCalls;
  readonly limits: ServerLimits;
  /** For channels; undefined where there are none. */
  readonly entrance: Entrance | undefined;
}

/** Opens the door: the methods go to `calls`, channels to their entrance, the rest to what is added to the server. */
export function createDoor({ methods, calls, limits, entrance }: DoorOptions): Door {
  const { maxHeaderBytes = DEFAULT_HEADER_BYTES } = limits;
  const { maxMessageBytes } = calls;
  let peer = NOBODY;
  let encoding: string | undefined;
  let opened: { readonly stream: ServerHttp2Stream; readonly accepts: Header } | undefined;
  const outletOf = (grpc: ServerInterceptingCallInterface, { policy }: Method) => {
    const aboveBytes = policy.compressAboveBytes;
    if (aboveBytes >= maxMessageBytes || !opened || !acceptsGzip(opened.accepts)) return grpc;
    return new GzipReplies(grpc, opened.stream, { aboveBytes, maxBytes: maxMessageBytes });
  };
  const interceptor: ServerInterceptor = ({ path }, grpc) => {
    const method = methods.get(path);
    if (entrance && path === CHANNEL_PATH) return new Ours(grpc, entrance(grpc, peer));
    if (!method) return new Theirs(grpc, calls.open);
    return new Ours(
      grpc,
      new ServerCall({ method, peer, source: grpc, encoding }, outletOf(grpc, method), calls),
    );
  };
  const channels = entrance ? CHANNELS_PER_CONNECTION : 0;
  const server = new Server({ ...serverOptions(limits, channels), interceptors: [interceptor] });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http2Server = http2ServerOf(server);
  http2Server.updateSettings({ maxHeaderListSize: maxHeaderBytes });
  http2Server.on('session', limitPings);
  const peerOf = createPeers(http2Server);
  http2Server.prependListener('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const { session } = stream;
    // grpc-js calls the interceptor within this very event, and tells it less.
    peer = peerOf(session);
    opened = { stream, accepts: headers['grpc-accept-encoding'] };
    encoding = methods.has(headers[':path'] ?? '') ? takeEncoding(headers) : undefined;
    // Until a client has agreed to the limit, Node lets four times as much pass.
    if (session?.pendingSettingsAck && headerBytes(headers) > maxHeaderBytes) refuse(headers);
    else prepareHeaders(headers);
  });
  return { server, enter: (socket) => injector.injectConnection(socket) };
}
