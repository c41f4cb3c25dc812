import type { Message } from '@bufbuild/protobuf';
import { badRequest, tapRequests, type Call, type Interceptor } from '@millrace/rpc';
import { validateMessage } from './validate/validate-message.ts';

/** Options of {@link validate}. */
export interface ValidateOptions {
  /**
   * Paths of the methods whose handlers check each message of a request stream themselves, by validateMessage, because a
   * bad one must not end the stream. Of all other streams the first bad message ends the call. Default none.
   */
  readonly checkedByHandler?: readonly string[];
}

function check(call: Call, message: unknown): void {
  const violations = validateMessage(call.method.request.descriptor, message as Message);
  if (violations.length > 0) throw badRequest(violations);
}

/** Server side: requests that break the rules of their proto are INVALID_ARGUMENT, with a BadRequest that names each field. */
export function validate({ checkedByHandler = [] }: ValidateOptions = {}): Interceptor {
  const unchecked = new Set(checkedByHandler);
  return (call, next) => {
    if (!call.requests) check(call, call.request);
    else if (!unchecked.has(call.method.path)) {
      return next(tapRequests(call, { message: (message) => check(call, message) }));
    }
    return next(call);
  };
}
