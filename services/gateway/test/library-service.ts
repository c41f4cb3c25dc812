// A service that uses everything google.api.http knows, which the shop's does not. Built from descriptors, so that the
// kit's own protos stay free of test messages.
import { create, createFileRegistry, setExtension, type DescService } from '@bufbuild/protobuf';
import type { FieldDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptionsSchema,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  type DescriptorProto,
  type FieldDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { describeService, httpRule, type HttpRule, type Service } from '@millrace/contracts';

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type Rule = Partial<Pick<HttpRule, 'pattern' | 'body' | 'responseBody'>> & { additionalBindings?: Rule[] };

const NAME = 'test.library.v1';
let next = 0;
const field = (name: string, type: Type, more: Partial<FieldDescriptorProto> = {}): FieldInit =>
  ({ name, jsonName: name, type, number: ++next, label: Label.OPTIONAL, ...more }) as FieldInit;
const inside = (name: string, typeName: string, more: Partial<FieldDescriptorProto> = {}): FieldInit =>
  field(name, Type.MESSAGE, { typeName, ...more });

function methodOf(name: string, rule: Rule, more: object = {}) {
  const options = create(MethodOptionsSchema);
  setExtension(options, httpRule, rule as HttpRule);
  return { name, inputType: `.${NAME}.Request`, outputType: `.${NAME}.Reply`, options, ...more };
}

const BOOK_FIELDS = [
  field('id', Type.STRING),
  field('title', Type.STRING),
  field('pages', Type.INT32),
  field('sold', Type.INT64),
];
const REQUEST_FIELDS = [
  field('name', Type.STRING),
  inside('book', `.${NAME}.Book`),
  inside('books', `.${NAME}.Book`, { label: Label.REPEATED }),
  field('tags', Type.STRING, { label: Label.REPEATED }),
  field('sizes', Type.INT64, { label: Label.REPEATED }),
  field('kind', Type.ENUM, { typeName: `.${NAME}.Kind` }),
  field('deep', Type.BOOL),
  field('weight', Type.DOUBLE),
  field('count', Type.UINT64),
  inside('after', '.google.protobuf.Timestamp'),
  inside('limit', '.google.protobuf.Int32Value'),
  inside('counts', `.${NAME}.Request.CountsEntry`, { label: Label.REPEATED }),
];
const COUNTS_ENTRY = {
  name: 'CountsEntry',
  field: [
    { ...field('key', Type.STRING), number: 1 },
    { ...field('value', Type.INT32), number: 2 },
  ],
  options: { mapEntry: true },
};
const MESSAGES = [
  { name: 'Book', field: BOOK_FIELDS },
  { name: 'Request', field: REQUEST_FIELDS, nestedType: [COUNTS_ENTRY] },
  { name: 'Reply', field: [inside('book', `.${NAME}.Book`), field('cursor', Type.STRING)] },
] as unknown as DescriptorProto[];

/** Makes a service whose methods have the given annotations. */
export function createLibraryService(rules: Readonly<Record<string, Rule>>, more: object = {}): Service {
  const file = create(FileDescriptorProtoSchema, {
    name: 'test/library/v1/library.proto',
    package: NAME,
    syntax: 'proto3',
    dependency: ['google/protobuf/timestamp.proto', 'google/protobuf/wrappers.proto'],
    messageType: MESSAGES,
    enumType: [
      {
        name: 'Kind',
        value: [
          { name: 'KIND_UNSPECIFIED', number: 0 },
          { name: 'KIND_NOVEL', number: 1 },
        ],
      },
    ],
    service: [
      {
        name: 'LibraryService',
        method: Object.entries(rules).map(([name, rule]) => methodOf(name, rule, more)),
      },
    ],
  });
  const set = create(FileDescriptorSetSchema, {
    file: [file_google_protobuf_timestamp.proto, file_google_protobuf_wrappers.proto, file],
  });
  const service = createFileRegistry(set).getService(`${NAME}.LibraryService`) as DescService;
  return describeService(service);
}

const get = (value: string) => ({ case: 'get' as const, value });
const put = (value: string) => ({ case: 'put' as const, value });

/** The service that most tests use. */
export const createLibrary = (): Service =>
  createLibraryService({
    GetBook: { pattern: get('/v1/{name=shelves/*/books/*}'), responseBody: 'book' },
    FindBooks: {
      pattern: get('/v1/books'),
      additionalBindings: [{ pattern: get('/v1/kinds/{kind}/books') }],
    },
    PutBook: { pattern: put('/v1/books/{book.id}'), body: 'book' },
    PutBooks: { pattern: put('/v1/books:batch'), body: 'books' },
    ReadFile: { pattern: get('/v1/files/{name=**}') },
    Newest: { pattern: get('/v1/books/newest') },
    AnyBook: { pattern: get('/v1/books/*') },
    Lock: {
      pattern: {
        case: 'custom',
        value: { $typeName: 'google.api.CustomHttpPattern', kind: 'LOCK', path: '/v1/books' },
      },
    },
    Replace: { pattern: { case: 'post', value: '/v1/shelves/{name}:replace' }, body: '*' },
  });
