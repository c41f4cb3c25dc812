import type { DescField, DescMessage, DescOneof } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { elementOf } from '../element.ts';
import { SCALARS } from './scalars.ts';

type Values = fc.Arbitrary<unknown>;

/** How deep messages are inside messages. */
const DEPTH = 2;
/** Three of four fields are absent: messages with everything in everything take long and show little more. */
const ABSENT = { weight: 3, arbitrary: fc.constant(undefined) };
const known = new Map<string, fc.Arbitrary<Record<string, unknown>>>();

const json = fc.dictionary(
  fc.oneof(fc.string({ maxLength: 5 }), fc.constant('__proto__')),
  fc.jsonValue({ maxDepth: 2 }),
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
);

/** Initializers of messages of a type with anything in them that it allows, and messages of the same in them. */
export function initializersOf(
  descriptor: DescMessage,
  depth = DEPTH,
): fc.Arbitrary<Record<string, unknown>> {
  const name = `${descriptor.typeName} ${depth}`;
  const made = known.get(name) ?? makeInitializers(descriptor, depth);
  known.set(name, made);
  return made;
}

function makeInitializers(descriptor: DescMessage, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const members = descriptor.members.flatMap((member) => {
    const values = memberValues(member, depth);
    if (!values) return [];
    const isRequired = member.kind === 'field' && member.presence === Presence.LEGACY_REQUIRED;
    return [[member.localName, isRequired ? values : fc.oneof(ABSENT, values)] as const];
  });
  return fc
    .record(Object.fromEntries(members))
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}

/** Undefined where only messages could be, and these would be too deep. */
function memberValues(member: DescField | DescOneof, depth: number): Values | undefined {
  if (member.kind === 'field') return fieldValues(member, depth);
  const cases = member.fields.flatMap((field) => {
    const values = fieldValues(field, depth);
    return values ? [values.map((value) => ({ case: field.localName, value }))] : [];
  });
  return cases.length > 0 ? fc.oneof(...cases) : undefined;
}

function fieldValues(field: DescField, depth: number): Values | undefined {
  const value = elementValues(field, depth);
  if (!value) return undefined;
  if (field.fieldKind === 'list') return fc.array(value, { maxLength: 3 });
  if (field.fieldKind !== 'map') return value;
  const entry = fc.tuple(SCALARS[field.mapKey].map(String), value);
  return fc.array(entry, { maxLength: 3 }).map((entries) => Object.fromEntries(entries) as unknown);
}

function elementValues(field: DescField, depth: number): Values | undefined {
  const element = elementOf(field);
  switch (element.kind) {
    case 'scalar': {
      if (field.enum) return fc.constantFrom(...field.enum.values.map(({ number }) => number));
      const isText = 'longAsString' in field && field.longAsString;
      return isText ? SCALARS[element.scalar].map(String) : SCALARS[element.scalar];
    }
    case 'wrapper':
      return SCALARS[element.scalar];
    case 'struct':
      return json;
    case 'message':
      return depth > 0 ? initializersOf(element.descriptor, depth - 1) : undefined;
  }
}
