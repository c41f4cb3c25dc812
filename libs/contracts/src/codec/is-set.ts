import { ScalarType, type DescField } from '@bufbuild/protobuf';

/** Source text that says of `value` whether it is more than the zero value, which a field without presence leaves out. */
export function isSetSource(field: DescField): string {
  if (field.fieldKind === 'enum') return `value !== ${field.enum.values[0]?.number ?? 0}`;
  switch (field.scalar) {
    case ScalarType.STRING:
      return 'value !== ""';
    case ScalarType.BOOL:
      return 'value !== false';
    case ScalarType.BYTES:
      return 'value.length !== 0';
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      // -0 is a value of its own.
      return '!Object.is(value, 0)';
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      // A string of digits is no bigint: "0" == 0.
      return '(typeof value === "bigint" ? value !== 0n : value != 0)';
    default:
      return 'value !== 0';
  }
}
