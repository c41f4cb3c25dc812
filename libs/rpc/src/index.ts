export { Call, type CallFields, type CallOrigin, type Fork, type Traffic } from './call.ts';
export { callAll, type CallAllOptions, type Outcome } from './call-all.ts';
export { Cancellation, type Undo } from './cancellation.ts';
export { Context, currentContext, runInContext, type ContextFields, type Principal } from './context.ts';
export { createBareClient, type Client } from './bare-client.ts';
export { badRequest, fieldViolations, fromStatus, toStatus, type FieldViolation } from './details.ts';
export { implement, type AnyHandler, type Handlers, type Implementation } from './handlers.ts';
export {
  compose,
  onFinished,
  tapReply,
  tapRequests,
  type Interceptor,
  type Next,
  type Reply,
} from './interceptor.ts';
export { createInvoker, type CallOptions, type Invoke, type InvokerOptions } from './invoker.ts';
export type { ClientLimits, ServerLimits } from './limits.ts';
export { ListenError, type Address } from './listen.ts';
export { mapConcurrently } from './map-concurrently.ts';
export {
  createMetadata,
  mergeMetadata,
  NO_METADATA,
  type MetadataInit,
  type ReadonlyMetadata,
} from './metadata.ts';
export { MessageStream, type Finished, type Tap } from './message-stream.ts';
export {
  asRpcError,
  Code,
  codeName,
  normalizeCode,
  RpcError,
  type Detail,
  type RpcErrorInit,
  type Sent,
} from './status.ts';
export { serveEach, type ServeEachOptions } from './serve-each.ts';
export { createBareServer, type BareServerOptions, type RpcServer } from './bare-server.ts';
export type { ClientTls } from './tls/client-tls.ts';
export type { PeerIdentity } from './tls/peer-identity.ts';
export { TlsError } from './tls/secure-files.ts';
export type { ServerTls } from './tls/server-tls.ts';
export { tap } from './stream-of.ts';
export { timers, type Timer } from './timer-wheel.ts';
export { createTransport, type Transport, type TransportOptions } from './transport.ts';
export { watch, type WatchOptions } from './watch.ts';
