import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';

/** One value of a field, an item of a list or a value of a map: what it is on the wire, and in which form messages hold it. */
export type Element =
  /** An enum is an int32. */
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'message'; readonly descriptor: DescMessage; readonly isGroup: boolean }
  /** google.protobuf.Int64Value and its like: a message that is held as its only field's value. */
  | {
      readonly kind: 'wrapper';
      readonly descriptor: DescMessage;
      readonly isGroup: boolean;
      readonly scalar: ScalarType;
    }
  /** google.protobuf.Struct: a message that is held as a JSON object. */
  | { readonly kind: 'struct'; readonly descriptor: DescMessage; readonly isGroup: boolean };

/** protobuf-es decides by these rules, which have no name in its interface (its `localMessageMapper`). */
export function elementOf(field: DescField): Element {
  if (!field.message) return { kind: 'scalar', scalar: field.enum ? ScalarType.INT32 : field.scalar };
  const descriptor = field.message;
  const isGroup = field.fieldKind !== 'map' && field.delimitedEncoding;
  if (descriptor.typeName === 'google.protobuf.Struct' && field.parent.typeName !== 'google.protobuf.Value')
    return { kind: 'struct', descriptor, isGroup };
  const scalar = descriptor.fields[0]?.scalar;
  if (field.fieldKind === 'message' && !field.oneof && scalar !== undefined && isWrapperDesc(descriptor))
    return { kind: 'wrapper', descriptor, isGroup, scalar };
  return { kind: 'message', descriptor, isGroup };
}
