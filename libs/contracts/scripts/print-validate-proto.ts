/**
 * Prints protovalidate's `buf/validate/validate.proto` from the descriptor inside its package, which ships no `.proto`.
 * Comments and the rules' own CEL are left out: the library evaluates those from its own copy.
 */
import { isFieldSet } from '@bufbuild/protobuf';
import {
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
} from '@bufbuild/protobuf/wkt';
// The package does not export this module, and its descriptor is what is needed.
import { file_buf_validate_validate as file } from '../../../node_modules/@bufbuild/protovalidate/dist/esm/gen/buf/validate/validate_pb.js';

const indent = (lines: string[]): string[] => lines.map((line) => `  ${line}`);

function typeName(field: FieldDescriptorProto): string {
  const scalar = Type[field.type]?.toLowerCase() ?? '';
  return field.type === Type.MESSAGE || field.type === Type.ENUM ? field.typeName.slice(1) : scalar;
}

function printField(field: FieldDescriptorProto, inOneof: boolean): string {
  const label = inOneof ? '' : `${Label[field.label]?.toLowerCase()} `;
  return `${label}${typeName(field)} ${field.name} = ${field.number};`;
}

function printEnum(type: EnumDescriptorProto): string[] {
  const aliased = type.options?.allowAlias ? ['option allow_alias = true;'] : [];
  const reserved = type.reservedRange.map(({ start, end }) => `reserved ${start} to ${end};`);
  const values = type.value.map((value) => `${value.name} = ${value.number};`);
  return [`enum ${type.name} {`, ...indent([...aliased, ...reserved, ...values]), '}'];
}

function printMessage(type: DescriptorProto): string[] {
  // An unset index reads as 0 on a proto2 message.
  const isMember = (field: FieldDescriptorProto) =>
    isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
  const plain = type.field.filter((field) => !isMember(field));
  const oneofs = type.oneofDecl.flatMap((oneof, index) => {
    const members = type.field.filter((field) => isMember(field) && field.oneofIndex === index);
    return [`oneof ${oneof.name} {`, ...indent(members.map((field) => printField(field, true))), '}'];
  });
  const body = [
    ...type.reservedRange.map(({ start, end }) => `reserved ${start} to ${end - 1};`),
    ...type.reservedName.map((name) => `reserved "${name}";`),
    ...type.nestedType.flatMap(printMessage),
    ...type.enumType.flatMap(printEnum),
    ...plain.map((field) => printField(field, false)),
    ...oneofs,
    ...type.extensionRange.map(
      ({ start, end }) => `extensions ${start} to ${end > 536_870_911 ? 'max' : end - 1};`,
    ),
  ];
  return [`message ${type.name} {`, ...indent(body), '}'];
}

const { proto } = file;
const extensions = proto.extension.flatMap((field: FieldDescriptorProto) => [
  `extend ${field.extendee.slice(1)} {`,
  ...indent([printField(field, false)]),
  '}',
]);
console.log(
  [
    `// Printed from @bufbuild/protovalidate's descriptor by libs/contracts/scripts/print-validate-proto.ts. Apache-2.0, Buf.`,
    `syntax = "${proto.syntax || 'proto2'}";`,
    `package ${proto.package};`,
    ...proto.dependency.map((name: string) => `import "${name}";`),
    ...extensions,
    ...proto.messageType.flatMap(printMessage),
    ...proto.enumType.flatMap(printEnum),
  ].join('\n'),
);
