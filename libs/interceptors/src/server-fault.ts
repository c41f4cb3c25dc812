import { Code } from '@millrace/rpc';

const FAULTS: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/** Whether the status is the server's fault rather than the caller's; the list is OpenTelemetry's for gRPC servers. */
export function isServerFault(code: Code): boolean {
  return FAULTS.has(code);
}
