import { promisify } from 'node:util';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ChannelOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** Paths on a bare server: one for each kind of call. The bytes pass as they are. */
export const UNARY = '/bare.Service/Unary';
export const BIDI = '/bare.Service/Bidi';

export const asIs = (bytes: Buffer): Buffer => bytes;
const codecs = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};
const definition: ServiceDefinition = {
  unary: { path: UNARY, requestStream: false, responseStream: false, ...codecs },
  bidi: { path: BIDI, requestStream: true, responseStream: true, ...codecs },
};

/** A grpc-js server as it comes, to show what it does when nobody shields from it. */
export interface BareServer extends AsyncDisposable {
  readonly server: Server;
  readonly address: string;
}

/** Starts one on a free port. Handlers are grpc-js's own; what is missing is UNIMPLEMENTED. */
export async function startBareServer(
  handlers: UntypedServiceImplementation,
  options: ChannelOptions = {},
): Promise<BareServer> {
  const server = new Server(options);
  server.addService(definition, handlers);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return {
    server,
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => Promise.resolve(server.forceShutdown()),
  };
}

/** A grpc-js client as it comes, with a connection of its own. */
export interface BareClient extends Disposable {
  readonly client: Client;
  /** Calls the unary method with no bytes. Rejects with grpc-js's own error. */
  call(): Promise<Buffer | undefined>;
}

/** Makes one. */
export function createBareGrpcClient(address: string, options: ChannelOptions = {}): BareClient {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
  const call = (): Promise<Buffer | undefined> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(UNARY, asIs, asIs, Buffer.alloc(0), (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });
  return { client, call, [Symbol.dispose]: () => client.close() };
}
