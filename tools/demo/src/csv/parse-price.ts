/** What can be wrong with a price. */
export type PriceProblem = 'broken price' | 'negative price' | 'zero price';

/** Twelve digits of minor units stay far inside what the contract takes. */
const DECIMAL = /^(-?)(\d{1,10})(?:\.(\d{1,12}))?$/;

/** A decimal text as minor units, digit by digit: `2.55` is 255n with two minor digits. No float is involved. */
export function parsePrice(text: string, minorDigits = 2): bigint | PriceProblem {
  const [, sign, whole = '', fraction = ''] = DECIMAL.exec(text.trim()) ?? [];
  if (sign === undefined) return 'broken price';
  const [kept, beyond] = [fraction.slice(0, minorDigits), fraction.slice(minorDigits)];
  if (/[1-9]/.test(beyond)) return 'broken price';
  const minor = BigInt(whole + kept.padEnd(minorDigits, '0'));
  if (minor === 0n) return 'zero price';
  return sign === '-' ? 'negative price' : minor;
}
