import { leftToProtovalidate, type Check } from './check.ts';

/** A character that stands for itself, or a class of ASCII characters and ranges. */
const CHARACTER = String.raw`[\w@:/ ,-]|\\[.+*?()|^$\[\]{}\\]|\\d|\[(?:\w-\w|[\w.@:/+ ])+-?\]`;
const TIMES = String.raw`\{\d{1,3}\}`;
const REPEATED = String.raw`[+*?]|\{\d{1,3},(?:\d{1,3})?\}`;

/** Anchored at its start, with at most one repetition of open length: no text takes more than one pass and one way back. */
const LINEAR = new RegExp(
  `^\\^(?:(?:${CHARACTER})(?:${TIMES})?)*(?:(?:${CHARACTER})(?:${REPEATED}))?(?:(?:${CHARACTER})(?:${TIMES})?)*\\$?$`,
);

/**
 * A pattern is RE2's, which takes linear time whatever the pattern; a RegExp takes exponential time for some. So only patterns of a form
 * that is the same to both and that a RegExp matches in linear time are compiled; others are left.
 */
export function checkPattern(pattern: string): Check<string> {
  if (!LINEAR.test(pattern)) return leftToProtovalidate;
  try {
    const regExp = new RegExp(pattern, 'u');
    return (text) => regExp.test(text);
  } catch {
    // Such as a range that runs backwards.
    return leftToProtovalidate;
  }
}
