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

/** The grpc-timeout header for so many milliseconds: never shorter than what is meant, and with its at most eight digits hardly longer. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs < 99_999) return `${Math.max(1, Math.ceil(timeoutMs * 1_000))}u`;
  if (timeoutMs < 1e8) return `${Math.ceil(timeoutMs)}m`;
  return `${Math.min(99_999_999, Math.ceil(timeoutMs / 1_000))}S`;
}
