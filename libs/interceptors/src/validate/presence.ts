import { isFieldSet, type DescField, type Message } from '@bufbuild/protobuf';
import type { Check } from './check.ts';

/** A message, by the local names of its fields. */
export type Fields = Message & Readonly<Record<string, unknown>>;

interface Choice {
  readonly case: string | undefined;
  readonly value?: unknown;
}

/** Whether a field is set: by its presence where it has one, else by a value that is not zero. */
export function presence(field: DescField): Check<Fields> {
  const { localName, oneof } = field;
  if (oneof) return (message) => (message[oneof.localName] as Choice).case === localName;
  if (field.fieldKind === 'message') return (message) => message[localName] !== undefined;
  return (message) => isFieldSet(message, field);
}

/** Reads the value of a field that is set. */
export function reader({ localName, oneof }: DescField): (message: Fields) => unknown {
  if (oneof) return (message) => (message[oneof.localName] as Choice).value;
  return (message) => message[localName];
}
