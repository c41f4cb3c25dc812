import type { Books } from './books.ts';

/** What a check found: the numbers that hold, or the ones that break it. */
export interface Finding {
  readonly ok: boolean;
  readonly detail: string;
}

/** Something that must be true of the whole system at rest, whatever happened before. */
export interface Invariant {
  readonly id: string;
  readonly title: string;
  check(books: Books): Promise<Finding>;
}

/** Fine when nothing broke; else how many did and the first few of them. */
export function finding(broken: readonly string[], whenOk: string): Finding {
  if (broken.length === 0) return { ok: true, detail: whenOk };
  const more = broken.length > 3 ? ` and ${broken.length - 3} more` : '';
  return { ok: false, detail: `${broken.slice(0, 3).join('; ')}${more}` };
}

/** `1,234` */
export function count(number: number | bigint): string {
  return number.toLocaleString('en-GB');
}

/** `GBP 1,234.56` */
export function money(minor: bigint, currency: string): string {
  const digits = currency === 'JPY' ? 0 : 2;
  const sign = minor < 0n ? '-' : '';
  const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0');
  const whole = BigInt(text.slice(0, text.length - digits));
  return `${currency} ${sign}${count(whole)}${digits > 0 ? `.${text.slice(-digits)}` : ''}`;
}
