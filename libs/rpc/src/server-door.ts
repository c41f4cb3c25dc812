import type { Http2Server, IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Method } from '@millrace/contracts';
import { toGrpcStatus } from './grpc-status.ts';
import { serverOptions, type ServerLimits } from './limits.ts';
import { ServerCall, type OpenCall, type ServerCalls } from './server-call.ts';
import type { RpcError } from './status.ts';
import { prepareHeaders } from './wire.ts';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** Hands grpc-js's innermost call to ours, and leaves grpc-js's own handlers and streams out. */
class Ours extends ServerInterceptingCall {
  readonly #grpc: ServerInterceptingCallInterface;
  readonly #call: ServerCall;

  constructor(grpc: ServerInterceptingCallInterface, call: ServerCall) {
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

/** A grpc-js server whose connections come from outside and whose calls go to ours. */
export interface Door {
  readonly server: Server;
  enter(socket: Socket): void;
}

/** Opens the door: `methods` by path go to `calls`, the rest to what is added to the server. */
export function createDoor(
  methods: ReadonlyMap<string, Method>,
  calls: ServerCalls,
  limits: ServerLimits,
): Door {
  const interceptor: ServerInterceptor = ({ path }, grpc) => {
    const method = methods.get(path);
    return method ? new Ours(grpc, new ServerCall(method, grpc, calls)) : new Theirs(grpc, calls.open);
  };
  const server = new Server({ ...serverOptions(limits), interceptors: [interceptor] });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http2Server = http2ServerOf(server);
  http2Server.updateSettings({ maxHeaderListSize: limits.maxHeaderBytes ?? 16 * 1024 });
  http2Server.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) =>
    prepareHeaders(headers),
  );
  return { server, enter: (socket) => injector.injectConnection(socket) };
}
