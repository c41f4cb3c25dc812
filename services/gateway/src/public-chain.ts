import type { Service } from '@millrace/contracts';
import { serverInterceptors, type Authenticate } from '@millrace/interceptors';
import { compose, type Interceptor, type Next } from '@millrace/rpc';
import type { Logger } from '@millrace/runtime';

/** The same checks at both doors: who calls and may they, how long it may take, whether the request keeps its proto's rules. */
export interface PublicChain {
  /** For calls by gRPC, whose messages are there from the start. */
  readonly interceptors: readonly Interceptor[];
  /** For calls by HTTP: `decode` makes the message, once it is known who asks and before it is checked. */
  over(decode: Interceptor): Next;
}

export interface PublicChainOptions {
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  readonly services: readonly Service[];
  /** The service behind. */
  readonly forward: Next;
}

/** Makes the chain that everything from outside goes through. */
export function createPublicChain({
  logger,
  authenticate,
  services,
  forward,
}: PublicChainOptions): PublicChain {
  // Whether a bad message ends its whole stream is for the service to say; PlaceOrders answers it and goes on.
  const checkedByHandler = services
    .flatMap(({ methods }) => Object.values(methods))
    .filter(({ kind }) => kind === 'bidi' || kind === 'clientStream')
    .map(({ path }) => path);
  const decoders = new WeakMap<object, Interceptor>();
  const interceptors = serverInterceptors({
    service: 'gateway',
    logger,
    auth: authenticate,
    validate: { checkedByHandler },
    decode: (call, next) => decoders.get(call.identity)?.(call, next) ?? next(call),
  });
  const serve = compose(interceptors, forward);
  return {
    interceptors,
    over: (decode) => (call) => {
      decoders.set(call.identity, decode);
      return serve(call);
    },
  };
}
