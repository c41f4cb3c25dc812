/**
 * Saga data as JSON that keeps what JSON has no word for: `{ "$bigint": "5" }`, `{ "$bytes": "base64" }`,
 * `{ "$date": "ISO 8601" }`.
 */
export function encodeData(data: unknown): string {
  return JSON.stringify(data, function replace(this: Record<string, unknown>, key, value: unknown) {
    // Dates have turned themselves into strings before the replacer sees them.
    const original = this[key];
    if (original instanceof Date) return { $date: original.toISOString() };
    if (typeof original === 'bigint') return { $bigint: original.toString() };
    if (ArrayBuffer.isView(original)) {
      return {
        $bytes: Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString('base64'),
      };
    }
    return value;
  });
}

/** Takes the parsed JSON of a jsonb column. */
export function decodeData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeData);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, inner] = entries[0] ?? [];
  if (entries.length === 1 && typeof inner === 'string') {
    if (name === '$bigint') return BigInt(inner);
    if (name === '$bytes') return new Uint8Array(Buffer.from(inner, 'base64'));
    if (name === '$date') return new Date(inner);
  }
  return Object.fromEntries(entries.map(([key, each]) => [key, decodeData(each)]));
}
