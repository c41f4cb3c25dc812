import type { DescEnum } from '@bufbuild/protobuf';
import type { BoolRules, EnumRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { RuleChecks } from './rule-checks.ts';

/** The rules of an enum's numbers. */
export function enumRules({ values }: DescEnum): RuleChecks<EnumRules, number> {
  const numbers = new Set(values.map(({ number }) => number));
  return {
    example: () => undefined,
    const: (rules) => (value) => value === rules.const,
    definedOnly: ({ definedOnly }) => (definedOnly ? (value) => numbers.has(value) : undefined),
    in: (rules) => (value) => rules.in.includes(value),
    notIn: ({ notIn }) => {
      return (value) => !notIn.includes(value);
    },
  };
}

/** The one rule of booleans. */
export const BOOL_RULES: RuleChecks<BoolRules, boolean> = {
  example: () => undefined,
  const: (rules) => (value) => value === rules.const,
};
