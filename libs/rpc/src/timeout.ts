const FORM = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Milliseconds of a grpc-timeout header; undefined when it is not one. */
export function parseTimeout(header: string): number | undefined {
  const [, digits, unit] = FORM.exec(header) ?? [];
  return digits === undefined || unit === undefined ? undefined : Number(digits) * (UNIT_MS[unit] ?? NaN);
}

/**
 * The grpc-timeout header for so many milliseconds: never longer than what is meant, but for the least there is, so that deadlines shrink
 * from hop to hop; and hardly shorter. From 100 ms on in whole milliseconds: calls with the deadline of their method then mostly say
 * the same, which HTTP/2 sends as one byte.
 */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs < 100) return `${Math.max(1, Math.floor(timeoutMs * 1_000))}u`;
  if (timeoutMs < 1e8) return `${Math.floor(timeoutMs)}m`;
  return `${Math.min(99_999_999, Math.floor(timeoutMs / 1_000))}S`;
}
