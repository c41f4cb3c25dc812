import type { StringRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { Check } from './check.ts';
import { checkPattern } from './pattern.ts';
import type { RuleChecks } from './rule-checks.ts';

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** Lengths are in characters as Unicode counts them; a surrogate pair is one. */
function characters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}

/** Counts only where the number of UTF-16 units leaves it open. */
function atLeast(min: number): Check<string> {
  return (text) => text.length >= 2 * min || (text.length >= min && characters(text) >= min);
}

function atMost(max: number): Check<string> {
  return (text) => text.length <= max || (text.length <= 2 * max && characters(text) <= max);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** The rules of strings that are compiled; formats other than UUID are left. */
export const STRING_RULES: RuleChecks<StringRules, string> = {
  example: () => undefined,
  const: (rules) => (text) => text === rules.const,
  len: ({ len }) => {
    const [enough, notMore] = [atLeast(Number(len)), atMost(Number(len))];
    return (text) => enough(text) && notMore(text);
  },
  minLen: ({ minLen }) => atLeast(Number(minLen)),
  maxLen: ({ maxLen }) => atMost(Number(maxLen)),
  lenBytes: ({ lenBytes }) => {
    const bytes = Number(lenBytes);
    return (text) => bytesOf(text) === bytes;
  },
  minBytes: ({ minBytes }) => {
    const min = Number(minBytes);
    return (text) => text.length >= min || bytesOf(text) >= min;
  },
  maxBytes: ({ maxBytes }) => {
    const max = Number(maxBytes);
    return (text) => text.length * 3 <= max || bytesOf(text) <= max;
  },
  pattern: ({ pattern }) => checkPattern(pattern),
  prefix: ({ prefix }) => {
    return (text) => text.startsWith(prefix);
  },
  suffix: ({ suffix }) => {
    return (text) => text.endsWith(suffix);
  },
  contains: ({ contains }) => {
    return (text) => text.includes(contains);
  },
  notContains: ({ notContains }) => {
    return (text) => !text.includes(notContains);
  },
  in: (rules) => (text) => rules.in.includes(text),
  notIn: ({ notIn }) => {
    return (text) => !notIn.includes(text);
  },
  uuid: ({ wellKnown }) => (wellKnown.value ? (text) => UUID.test(text) : undefined),
};
