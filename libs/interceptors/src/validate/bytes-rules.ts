import type { BytesRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { RuleChecks } from './rule-checks.ts';

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The rules of bytes that are compiled; patterns and formats are left. */
export const BYTES_RULES: RuleChecks<BytesRules, Uint8Array> = {
  example: () => undefined,
  const: (rules) => (bytes) => same(bytes, rules.const),
  len: (rules) => {
    const length = Number(rules.len);
    return (bytes) => bytes.length === length;
  },
  minLen: ({ minLen }) => {
    const min = Number(minLen);
    return (bytes) => bytes.length >= min;
  },
  maxLen: ({ maxLen }) => {
    const max = Number(maxLen);
    return (bytes) => bytes.length <= max;
  },
  prefix: ({ prefix }) => {
    return (bytes) => same(bytes.subarray(0, prefix.length), prefix);
  },
  suffix: ({ suffix }) => {
    return (bytes) => same(bytes.subarray(Math.max(0, bytes.length - suffix.length)), suffix);
  },
  contains: (rules) => {
    const part = Buffer.from(rules.contains);
    return (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(part);
  },
  in: (rules) => (bytes) => rules.in.some((one) => same(bytes, one)),
  notIn: ({ notIn }) => {
    return (bytes) => !notIn.some((one) => same(bytes, one));
  },
};
