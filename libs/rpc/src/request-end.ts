import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { Code, RpcError } from './status.ts';

/**
 * Whether the caller has ended its requests inside a message. grpc-js takes that for a complete stream, half of the requests for
 * all of them; only its own decoder knows.
 */
export function endsInsideMessage(grpc: ServerInterceptingCallInterface): boolean {
  const { decoder } = grpc as unknown as { readonly decoder?: { readonly readState?: number } };
  return (decoder?.readState ?? 0) !== 0;
}

/** What such a call is told. */
export function cutShort(): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, 'the requests end inside a message', { sent: 'refused' });
}
