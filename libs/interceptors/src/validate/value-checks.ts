import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { scalarEquals, scalarZeroValue } from '@bufbuild/protobuf/reflect';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { Ignore, type FieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { all, leftToProtovalidate, type Check } from './check.ts';
import { checkFieldRules } from './field-rules.ts';

/** The check of a whole message of some type; undefined where nothing in it has a rule. */
export type MessageChecks = (descriptor: DescMessage) => Check<unknown> | undefined;

/** One value that stands for itself: in a field, an item or an entry. */
export function checkValue(
  field: DescField,
  rules: FieldRules | undefined,
  messages: MessageChecks,
): Check<unknown> | undefined {
  const own = checkFieldRules(rules, field);
  const { message } = field;
  if (!message) return own && 'longAsString' in field && field.longAsString ? leftToProtovalidate : own;
  if (!isWrapperDesc(message)) return all([own, messages(message)]);
  // A wrapper is its bare value, but not in a list, a map or a oneof.
  if (field.fieldKind === 'message' && !field.oneof) return own;
  return own && ((wrapper) => own((wrapper as { value: unknown }).value));
}

function unlessZero(type: ScalarType, check: Check<unknown>): Check<unknown> {
  const zero = scalarZeroValue(type, false);
  return (value) => scalarEquals(type, zero, value as typeof zero) || check(value);
}

/** An item or a map's value: one by one it can be ignored, but not missing. */
function checkItem(field: DescField, rules: FieldRules | undefined, messages: MessageChecks) {
  if (rules?.ignore === Ignore.ALWAYS) return undefined;
  const check = checkValue(field, rules, messages);
  if (!check || rules?.ignore !== Ignore.IF_ZERO_VALUE || field.message) return check;
  if (field.scalar) return unlessZero(field.scalar, check);
  const zero = field.enum?.values[0]?.number;
  return (value: unknown) => value === zero || check(value);
}

/** A list: as a whole, and each item. */
export function checkList(field: DescField, rules: FieldRules, messages: MessageChecks) {
  const items = rules.type.case === 'repeated' ? rules.type.value.items : undefined;
  const item = checkItem(field, items, messages);
  return all([
    checkFieldRules(rules, field),
    item && ((list: unknown) => (list as readonly unknown[]).every((value) => item(value))),
  ]);
}

/** What a key is: in the object that a map is, all are strings. */
function keyOf(type: ScalarType, key: string): unknown {
  if (type === ScalarType.STRING) return key;
  if (type === ScalarType.BOOL) return key === 'true';
  return typeof scalarZeroValue(type, false) === 'bigint' ? BigInt(key) : Number(key);
}

function checkKey(type: ScalarType, field: DescField, rules: FieldRules | undefined) {
  const check = rules?.ignore === Ignore.ALWAYS ? undefined : checkFieldRules(rules, field);
  const key = check && rules?.ignore === Ignore.IF_ZERO_VALUE ? unlessZero(type, check) : check;
  return key && ((text: string) => key(keyOf(type, text)));
}

/** A map: as a whole, each key, and each value. */
export function checkMap(
  field: DescField & { fieldKind: 'map' },
  rules: FieldRules,
  messages: MessageChecks,
): Check<unknown> | undefined {
  const own = rules.type.case === 'map' ? rules.type.value : undefined;
  const key = checkKey(field.mapKey, field, own?.keys);
  const value = checkItem(field, own?.values, messages);
  return all([
    checkFieldRules(rules, field),
    key && ((map: unknown) => Object.keys(map as object).every(key)),
    value && ((map: unknown) => Object.values(map as object).every((one) => value(one))),
  ]);
}
