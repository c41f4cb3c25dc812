import type { MapRules, RepeatedRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { ScalarType, type DescField } from '@bufbuild/protobuf';
import { leftToProtovalidate, type Check } from './check.ts';
import type { RuleChecks } from './rule-checks.ts';

type List = readonly unknown[];

/** By ===, to which no NaN is like another. */
function isUnique(list: List): boolean {
  const numbers = list.filter((value) => !Number.isNaN(value));
  return new Set(numbers).size === numbers.length;
}

function isUniqueBytes(list: List): boolean {
  const texts = list.map((bytes) => Buffer.from(bytes as Uint8Array).toString('latin1'));
  return new Set(texts).size === texts.length;
}

/** Two of a kind in one list; messages are left. */
function unique({ message, scalar }: DescField): Check<List> {
  if (message) return leftToProtovalidate;
  return scalar === ScalarType.BYTES ? isUniqueBytes : isUnique;
}

/** The rules of a list as a whole. Those of its items are seen to elsewhere. */
export function listRules(field: DescField): RuleChecks<RepeatedRules, List> {
  return {
    minItems: ({ minItems }) => {
      const min = Number(minItems);
      return (list) => list.length >= min;
    },
    maxItems: ({ maxItems }) => {
      const max = Number(maxItems);
      return (list) => list.length <= max;
    },
    unique: (rules) => (rules.unique ? unique(field) : undefined),
    items: () => undefined,
  };
}

/** The rules of a map as a whole. Those of its keys and values are seen to elsewhere. */
export const MAP_RULES: RuleChecks<MapRules, object> = {
  minPairs: ({ minPairs }) => {
    const min = Number(minPairs);
    return (map) => Object.keys(map).length >= min;
  },
  maxPairs: ({ maxPairs }) => {
    const max = Number(maxPairs);
    return (map) => Object.keys(map).length <= max;
  },
  keys: () => undefined,
  values: () => undefined,
};
