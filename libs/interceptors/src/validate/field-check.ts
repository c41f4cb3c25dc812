import { getOption, isFieldSet, type DescField } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import {
  field as fieldOption,
  FieldRulesSchema,
  Ignore,
  type FieldRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { Check } from './check.ts';
import { presence, reader, type Fields } from './presence.ts';
import { checkList, checkMap, checkValue, type MessageChecks } from './value-checks.ts';

function checkContent(field: DescField, rules: FieldRules, messages: MessageChecks) {
  if (field.fieldKind === 'list') return checkList(field, rules, messages);
  return field.fieldKind === 'map' ? checkMap(field, rules, messages) : checkValue(field, rules, messages);
}

/**
 * One field of a message. Without a value it is not looked at, if it can be without one; `isChoice` says that it is one of several of
 * which at most one may be set.
 */
export function checkField(
  field: DescField,
  isChoice: boolean,
  messages: MessageChecks,
): Check<Fields> | undefined {
  const rules = getOption(field, fieldOption);
  const saysIgnore = isFieldSet(rules, FieldRulesSchema.field.ignore);
  const ignore = isChoice && !saysIgnore ? Ignore.IF_ZERO_VALUE : rules.ignore;
  if (ignore === Ignore.ALWAYS) return undefined;
  const [isSet, read] = [presence(field), reader(field)];
  const check = checkContent(field, rules, messages);
  if (!check) return rules.required ? isSet : undefined;
  if (rules.required) return (message) => isSet(message) && check(read(message));
  return ignore === Ignore.IF_ZERO_VALUE || field.presence !== Presence.IMPLICIT
    ? (message) => !isSet(message) || check(read(message))
    : (message) => check(read(message));
}
