import { getOption, hasOption, type DescMessage, type DescOneof } from '@bufbuild/protobuf';
import {
  field as fieldOption,
  message as messageOption,
  oneof as oneofOption,
  type MessageOneofRule,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { all, leftToProtovalidate, type Check } from './check.ts';
import { checkField } from './field-check.ts';
import { presence, type Fields } from './presence.ts';
import type { MessageChecks } from './value-checks.ts';

function hasRules(message: DescMessage): boolean {
  return (
    hasOption(message, messageOption) ||
    message.fields.some((field) => hasOption(field, fieldOption)) ||
    message.oneofs.some((oneof) => hasOption(oneof, oneofOption))
  );
}

/** Whether a rule stands in the message or in anything that can be inside it. */
function isRuled(root: DescMessage): boolean {
  const seen = new Set([root]);
  // A set goes on with what is added meanwhile.
  for (const message of seen) {
    if (hasRules(message)) return true;
    for (const field of message.fields) if (field.message) seen.add(field.message);
  }
  return false;
}

function checkOneof(oneof: DescOneof): Check<Fields> | undefined {
  if (!getOption(oneof, oneofOption).required) return undefined;
  return (message) => (message[oneof.localName] as { case: string | undefined }).case !== undefined;
}

/** At most one of some fields, which need not be a oneof of the proto. */
function checkChoice({ fields }: DescMessage, rule: MessageOneofRule): Check<Fields> {
  const isSet = fields.filter(({ name }) => rule.fields.includes(name)).map(presence);
  return (message) => {
    const count = isSet.filter((check) => check(message)).length;
    return count === 1 || (count === 0 && !rule.required);
  };
}

function checksOf(message: DescMessage, messages: MessageChecks): (Check<Fields> | undefined)[] {
  const { cel, celExpression, oneof: choices } = getOption(message, messageOption);
  const names = new Set(choices.flatMap(({ fields }) => fields));
  return [
    cel.length + celExpression.length > 0 ? leftToProtovalidate : undefined,
    ...choices.map((choice) => checkChoice(message, choice)),
    ...message.oneofs.map(checkOneof),
    ...message.fields.map((field) => checkField(field, names.has(field.name), messages)),
  ];
}

/** Makes the checks of message types, each once. */
export function createMessageChecks(): MessageChecks {
  const known = new Map<DescMessage, Check<unknown>>();
  const messages: MessageChecks = (descriptor) => {
    if (!isRuled(descriptor)) return undefined;
    const earlier = known.get(descriptor);
    if (earlier) return earlier;
    // A type can hold itself: its check is known before it is made.
    const made: { check?: Check<Fields> | undefined } = {};
    const later: Check<unknown> = (message) => made.check === undefined || made.check(message as Fields);
    known.set(descriptor, later);
    made.check = all(checksOf(descriptor, messages));
    return later;
  };
  return messages;
}
