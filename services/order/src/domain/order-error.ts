/** One wrong field of a request, by its path: `lines[0].sku`. */
export interface Violation {
  readonly field: string;
  readonly description: string;
  readonly reason: string;
}

/** More would not fit into the trailers of a reply, and nobody reads them. */
const MAX_VIOLATIONS = 20;

/** Why something that was asked for cannot be done. `reason` is stable; one table in `grpc/` turns it into a status. */
export class OrderError extends Error {
  override readonly name = 'OrderError';
  readonly reason: string;
  readonly violations: readonly Violation[] | undefined;

  constructor(reason: string, message: string, violations?: readonly Violation[]) {
    super(message);
    this.reason = reason;
    this.violations = violations;
  }
}

/** The error for wrong fields; the first one's reason speaks for all. Nothing happens when there are none. */
export function refuse(violations: readonly Violation[]): void {
  const [first] = violations;
  if (!first) return;
  const shown = violations.slice(0, MAX_VIOLATIONS);
  const text = shown.map(({ field, description }) => `${field}: ${description}`).join('; ');
  throw new OrderError(first.reason, text, shown);
}
