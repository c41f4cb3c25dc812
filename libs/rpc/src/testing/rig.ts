import type { CallKind, PolicyTable } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient, type Client } from '../bare-client.ts';
import { implement, type Handlers } from '../handlers.ts';
import type { Interceptor } from '../interceptor.ts';
import { createInvoker, type CallOptions, type Invoke } from '../invoker.ts';
import type { ClientLimits, ServerLimits } from '../limits.ts';
import { createBareServer, type RpcServer } from '../bare-server.ts';
import type { ClientTls } from '../tls/client-tls.ts';
import type { ServerTls } from '../tls/server-tls.ts';
import { createTransport, type Transport } from '../transport.ts';
import { echo } from './echo.ts';

/** What a test puts between its client and its server. */
export interface RigOptions {
  /** The server's interceptors, the first the outermost. */
  readonly server?: readonly Interceptor[];
  /** The client's interceptors, the first the outermost. */
  readonly client?: readonly Interceptor[];
  /** Handlers in place of the echoing ones. */
  readonly handlers?: Partial<Handlers<typeof EchoService>>;
  readonly reflection?: boolean;
  /** How unary calls go: on a channel, which is open when the rig is there, or each on a stream of its own. Default: on a channel. */
  readonly channel?: boolean;
  /** Of both sides. Default: what the protos say. */
  readonly policies?: PolicyTable;
  readonly limits?: { readonly server?: ServerLimits; readonly client?: ClientLimits };
  /** Default: the connection is not secured. */
  readonly tls?: { readonly server: ServerTls; readonly client: ClientTls };
}

/** A server and a client of `millrace.test.v1.EchoService`, over a real socket. */
export interface Rig extends AsyncDisposable {
  readonly client: Client<typeof EchoService>;
  readonly invoke: Invoke;
  readonly server: RpcServer;
  readonly transport: Transport;
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Makes a call of this kind that sends these texts (the first, where one is sent) and gives the texts that come back. */
  call(kind: CallKind, texts?: readonly string[], options?: CallOptions): Promise<readonly string[]>;
  /** Ends client and server. `await using` does it as well. */
  close(): Promise<void>;
}

async function* each(texts: readonly string[]): AsyncIterable<{ text: string }> {
  for (const text of texts) yield { text };
}

const text = (message: { text: string }): string => message.text;

/** Calls of any kind by a client; see {@link Rig.call}. */
export function createCall(client: Client<typeof EchoService>): Rig['call'] {
  return async (kind, texts = ['hello'], options = {}) => {
    const [first = ''] = texts;
    switch (kind) {
      case 'unary':
        return [(await client.echo({ text: first }, options)).text];
      case 'clientStream':
        return [(await client.collect(each(texts), options)).text];
      case 'serverStream':
        return Array.fromAsync(client.expand({ text: first, count: 2 }, options), text);
      case 'bidi':
        return Array.fromAsync(client.chat(each(texts), options), text);
    }
  };
}

/** Starts a rig on any free port. Close it at the test's end. */
export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const {
    server: serverSide = [],
    client: clientSide = [],
    handlers,
    reflection = false,
    channel = true,
    policies,
    limits = {},
    tls,
  } = options;
  const server = createBareServer({
    services: [implement(EchoService, { ...echo, ...handlers })],
    interceptors: serverSide,
    reflection,
    ...(policies && { policies }),
    limits: limits.server ?? {},
    tls: tls?.server,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const address = `127.0.0.1:${port}`;
  const transport = createTransport({ address, limits: limits.client ?? {}, channel, tls: tls?.client });
  await transport.connect();
  const client = createBareClient(EchoService, {
    transport,
    interceptors: clientSide,
    ...(policies && { policies }),
  });
  const close = async (): Promise<void> => {
    await transport.close();
    await server.close({ graceMs: 0 });
  };
  return {
    client,
    invoke: createInvoker({ transport, interceptors: clientSide }),
    server,
    transport,
    address,
    call: createCall(client),
    close,
    [Symbol.asyncDispose]: close,
  };
}
