/** One wrong field of a request, by its path: `lines[0].sku`. */
export interface Violation {
  readonly field: string;
  readonly reason: string;
  readonly description: string;
}

/** More would not fit into the trailers of a reply, and nobody reads them. */
const MAX_VIOLATIONS = 20;

/** Why something that was asked for cannot be done. `reason` is stable; one table in `grpc/` turns it into a status. */
export class OrderError extends Error {
  override readonly name = 'OrderError';
  readonly reason: string;
  readonly violations: readonly Violation[];

  constructor(reason: string, message: string, violations: readonly Violation[] = []) {
    super(message);
    this.reason = reason;
    this.violations = violations;
  }
}

/** Throws an OrderError that names all wrong fields, with the reason of the first. Does nothing when there are none. */
export function refuse(violations: readonly Violation[]): void {
  const [first] = violations;
  if (!first) return;
  const shown = violations.slice(0, MAX_VIOLATIONS);
  const text = shown.map(({ field, description }) => `${field}: ${description}`).join('; ');
  throw new OrderError(first.reason, text, shown);
}

/** One wrong field: its path, the reason for programs, and what is expected for people. */
export function wrong(field: string, reason: string, description: string): Violation {
  return { field, reason, description };
}
