import type { Books } from './books.ts';
import type { Finding, Invariant } from './finding.ts';
import { INVARIANTS } from './invariants.ts';

/** An invariant with what was found about it. */
export type Verdict = Pick<Invariant, 'id' | 'title'> & Finding;

/** Checks every invariant. A check that cannot be made is a broken one. */
export async function readFindings(books: Books): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { id, title, check } of INVARIANTS) {
    try {
      verdicts.push({ id, title, ...(await check(books)) });
    } catch (error) {
      verdicts.push({ id, title, ok: false, detail: `not checked: ${(error as Error).message}` });
    }
  }
  return verdicts;
}
