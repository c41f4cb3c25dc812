/** Throws a TypeError that names the field, and what stands there in place of what is expected. */
export function refuse(field: string, expected: string, value: unknown): never {
  const given = typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value;
  throw new TypeError(`${field}: expected ${expected}, got ${given}`);
}
