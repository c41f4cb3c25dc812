import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname } from 'node:path';

/** Something about the file that a person should know: where, what kind, and the text it is about. */
export interface Remark {
  readonly line: number;
  readonly reason: string;
  readonly text: string;
}

/** Collects remarks: counts by reason with the lowest few lines of each in memory, all of them in a report file. */
export interface Remarks {
  add(remark: Remark): void;
  readonly count: number;
  /** Most frequent first. */
  byReason(): { reason: string; count: number; first: readonly Remark[] }[];
  /** Resolves when the report file is complete. */
  close(): Promise<void>;
}

const KEPT = 3;

/** Opens the report file anew. */
export async function createRemarks(reportFile: string): Promise<Remarks> {
  await mkdir(dirname(reportFile), { recursive: true });
  const report = createWriteStream(reportFile);
  await once(report, 'open');
  const reasons = new Map<string, { count: number; first: Remark[] }>();
  let total = 0;
  return {
    get count() {
      return total;
    },
    add(remark) {
      total += 1;
      const entry = reasons.get(remark.reason) ?? { count: 0, first: [] };
      reasons.set(remark.reason, entry);
      entry.count += 1;
      entry.first = [...entry.first, remark].sort((a, b) => a.line - b.line).slice(0, KEPT);
      report.write(`line ${remark.line}: ${remark.reason}: ${remark.text}\n`);
    },
    byReason: () =>
      [...reasons]
        .map(([reason, entry]) => ({ reason, ...entry }))
        .sort((a, b) => b.count - a.count || a.reason.localeCompare(b.reason)),
    async close() {
      report.end();
      await once(report, 'close');
    },
  };
}
