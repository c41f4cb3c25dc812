import { isFieldSet, type DescMessage, type Message } from '@bufbuild/protobuf';
import { all, leftToProtovalidate, type Check } from './check.ts';

/** What makes a check of each rule of a family, by the rule's name; undefined for a rule that asks for nothing. */
export type RuleChecks<R, T> = Readonly<Partial<Record<string, (rules: R) => Check<T> | undefined>>>;

/** All rules of one family that are set. One that the table does not know, or that somebody defined, is left. */
export function checkRules<R extends Message, T>(
  schema: DescMessage,
  rules: R,
  table: RuleChecks<R, T>,
): Check<T> | undefined {
  if (rules.$unknown?.length) return leftToProtovalidate;
  const set = schema.fields.filter((rule) => isFieldSet(rules, rule));
  return all(
    set.map(({ localName }) => {
      const make = Object.hasOwn(table, localName) ? table[localName] : undefined;
      return make ? make(rules) : leftToProtovalidate;
    }),
  );
}
