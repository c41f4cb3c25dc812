import { CatalogService, describeService, OrderService } from '@millrace/contracts';
import { clientInterceptors, serviceCredentials } from '@millrace/interceptors';
import { createInvoker, createTransport, type ClientTls } from '@millrace/rpc';
import type { Logger } from '@millrace/runtime';
import { hideInternals, type Upstream } from './upstreams.ts';

export interface OrderUpstreamOptions {
  /** `host:port`. */
  readonly address: string;
  /** What the gateway signs its own tokens with. */
  readonly signingKeyFile: string;
  readonly logger: Logger;
  readonly tls?: ClientTls;
}

/** The order service behind the gateway, called on behalf of whoever called us. */
export function createOrderUpstream(options: OrderUpstreamOptions): Upstream {
  const { address, signingKeyFile, logger, tls } = options;
  const name = 'order';
  const transport = createTransport({ address, tls });
  const credentials = serviceCredentials({ issuer: 'gateway', keyFile: signingKeyFile, audience: name });
  const interceptors = [
    hideInternals(name, logger),
    ...clientInterceptors({ peer: name, logger, credentials }),
  ];
  return {
    name,
    services: [describeService(OrderService), describeService(CatalogService)],
    invoke: createInvoker({ transport, interceptors }),
    close: () => transport.close(),
  };
}
