import type { IncomingHttpHeaders } from 'node:http';
import type { Method } from '@millrace/contracts';
import { Call, Context, createMetadata, type Cancellation, type MetadataInit } from '@millrace/rpc';
import { deadlineOf } from './request-timeout.ts';

/** Where a call by HTTP comes from. */
export interface HttpOrigin {
  readonly headers: IncomingHttpHeaders;
  /** The trace, as metadata. */
  readonly trace: MetadataInit;
  /** Cancelled when the client goes. */
  readonly cancellation: Cancellation;
  readonly peer: string | undefined;
}

/**
 * An HTTP request as the call that the interceptors know from gRPC. Of its headers only the token, the trace and the time go
 * in: everything else that a client could claim about itself stays outside. The message is filled in once it is known who
 * asks.
 */
export function createCall(method: Method, { headers, trace, cancellation, peer }: HttpOrigin): Call {
  const timeout = headers['request-timeout'];
  const deadlineMs = deadlineOf(Array.isArray(timeout) ? timeout.join() : timeout);
  return new Call(
    { side: 'server', method, cancellation, peer },
    {
      request: undefined,
      requests: undefined,
      metadata: createMetadata({ ...trace, authorization: headers.authorization }),
      deadlineMs,
      attempt: 0,
      context: new Context({ deadlineMs }, cancellation),
    },
  );
}
