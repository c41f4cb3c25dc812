import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { FieldRulesSchema, type FieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { BYTES_RULES } from './bytes-rules.ts';
import { leftToProtovalidate, type Check } from './check.ts';
import { BOOL_RULES, enumRules } from './enum-rules.ts';
import { listRules, MAP_RULES } from './list-rules.ts';
import { NUMERIC_RULES } from './numeric-rules.ts';
import { checkRules, type RuleChecks } from './rule-checks.ts';
import { STRING_RULES } from './string-rules.ts';
import { TIME_RULES } from './time-rules.ts';

type Family = NonNullable<FieldRules['type']['case']>;
type Table = RuleChecks<Message, unknown>;

const NUMERIC: readonly Family[] = [
  ...(['int32', 'sint32', 'uint32', 'fixed32', 'sfixed32', 'float'] as const),
  ...(['int64', 'sint64', 'uint64', 'fixed64', 'sfixed64', 'double'] as const),
];

/** What makes checks of each family of rules. A family that is not here is left to protovalidate. */
const TABLES: Readonly<Record<string, (field: DescField) => unknown>> = {
  string: () => STRING_RULES,
  bytes: () => BYTES_RULES,
  bool: () => BOOL_RULES,
  enum: (field) => field.enum && enumRules(field.enum),
  repeated: listRules,
  map: () => MAP_RULES,
  timestamp: () => TIME_RULES,
  duration: () => TIME_RULES,
  ...Object.fromEntries(NUMERIC.map((family) => [family, () => NUMERIC_RULES])),
};

/** The rules of a value, as they stand at the field it is in: for itself, or for its items, keys or values. */
export function checkFieldRules(rules: FieldRules | undefined, field: DescField): Check<unknown> | undefined {
  if (!rules) return undefined;
  if (rules.cel.length > 0 || rules.celExpression.length > 0) return leftToProtovalidate;
  const { case: family, value } = rules.type;
  if (family === undefined) return undefined;
  const table = TABLES[family]?.(field) as Table | undefined;
  const schema: DescMessage | undefined = FieldRulesSchema.field[family].message;
  return table && schema ? checkRules(schema, value, table) : leftToProtovalidate;
}
