import type { DescService } from '@bufbuild/protobuf';
import type { PolicyTable } from '@millrace/contracts';
import { createBareClient, createTransport, type Client, type Transport } from '@millrace/rpc';
import type { TransportOptions } from '@millrace/rpc';
import { clientInterceptors, type ClientChainOptions } from './client-interceptors.ts';

/** Where a client's calls go: to an address, over a transport of its own, or over one that others use too. */
type Destination = TransportOptions | { readonly transport: Transport };

/** Options of {@link createClient}: where it calls, and what its chain is told. Only the destination has no default. */
export type ClientOptions = Destination & ClientChainOptions & { readonly policies?: PolicyTable };

/**
 * A client of one service behind the full chain: tracing, metrics, deadlines, retries or hedges, circuit breaker, bulkhead, the times
 * of streams, credentials; each as its method's proto says. Closing it (`await using`) ends its transport, if that is its own.
 */
export function createClient<S extends DescService>(
  descriptor: S,
  options: ClientOptions,
): Client<S> & AsyncDisposable {
  const shared = 'transport' in options ? options.transport : undefined;
  const transport = shared ?? createTransport(options as TransportOptions);
  const { policies } = options;
  const interceptors = clientInterceptors({ peer: transport.address, ...options });
  const client = createBareClient(descriptor, { transport, interceptors, ...(policies && { policies }) });
  const close = async (): Promise<void> => {
    if (!shared) await transport.close();
  };
  return Object.assign(client, { [Symbol.asyncDispose]: close });
}
