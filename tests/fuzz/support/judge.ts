import { expect } from '@jest/globals';
import type { RawAnswer } from '@millrace/rpc/testing';

/** The longest that an answer may take. */
const LONGEST_MS = 5_000;

/** What no stranger may learn: stacks, SQL, paths. */
const SECRETS = [
  /\bat .{0,200}\.[cm]?[jt]s\b/,
  /\.[cm]?[jt]s:\d+/,
  /node_modules|node:internal|file:\/\//,
  /\b(select|insert|update|delete)\b.{0,200}\b(from|into|set|where)\b/i,
  /\/(home|work|usr|tmp|app|srv|root|var)\//,
];

/** How a call ended: its gRPC status, or `HTTP 4xx`, or that the server has reset the stream or ended the connection. */
export type Verdict = number | `HTTP ${number}` | 'reset';

/** Reads how it ended. */
export function verdictOf({ headers, rstCode }: RawAnswer): Verdict {
  const status = headers['grpc-status'];
  if (status !== undefined) return Number(status);
  const http = Number(headers[':status'] ?? 0);
  if (http !== 0 && http !== 200) return `HTTP ${http}`;
  return rstCode === 0 && http === 200 ? 'HTTP 200' : 'reset';
}

/** Everything the server said, in words. */
function wordsOf({ headers, body }: RawAnswer): string {
  const said = Object.entries(headers).map(([name, value]) => {
    const text = String(value);
    return name.endsWith('-bin') ? Buffer.from(text, 'base64').toString('latin1') : decodeURIComponent(text);
  });
  return [...said, body.toString('latin1')].join('\n');
}

/** Checks what holds of every answer: it came in time, is one of these and tells nothing. */
export function judge(
  answer: RawAnswer,
  { tookMs, allowed }: { tookMs: number; allowed: readonly Verdict[] },
): Verdict {
  const verdict = verdictOf(answer);
  expect(allowed).toContain(verdict);
  expect(tookMs).toBeLessThan(LONGEST_MS);
  const words = wordsOf(answer);
  for (const secret of SECRETS) expect(words).not.toMatch(secret);
  return verdict;
}
