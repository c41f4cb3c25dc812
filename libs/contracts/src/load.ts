import { fileURLToPath } from 'node:url';
import type { DescFile, DescService } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import type { Message } from '@bufbuild/protobuf';
import { describeService } from './service.ts';

/** Where the protos are, from `src` and from `dist` alike. */
const PROTOS = fileURLToPath(new URL('../../../protos', import.meta.url));

/**
 * The service's definition as grpc-js takes it: loaded by proto-loader from the text of its proto, with the contract's
 * codecs in place of proto-loader's serializers, so that messages have one shape everywhere.
 *
 * Throws when the proto's text and the generated code name different methods.
 */
export function loadService(descriptor: DescService): ServiceDefinition {
  const definitions = loadSync(`${descriptor.file.name}.proto`, { includeDirs: [PROTOS] });
  const loaded = definitions[descriptor.typeName] as ServiceDefinition | undefined;
  const { methods } = describeService(descriptor);
  if (!loaded || Object.keys(loaded).length !== Object.keys(methods).length) {
    throw new Error(`${descriptor.typeName}: its proto and its generated code differ; run make generate`);
  }
  return Object.fromEntries(
    Object.values(methods).map((method) => {
      const { path, requestStream, responseStream, ...rest } = loaded[
        method.name
      ] as ServiceDefinition[string];
      const codecs = {
        requestSerialize: (message: object) => method.request.encode(message),
        requestDeserialize: (bytes: Buffer): Message => method.request.decode(bytes),
        responseSerialize: (message: object) => method.response.encode(message),
        responseDeserialize: (bytes: Buffer): Message => method.response.decode(bytes),
      };
      return [method.name, { ...rest, path, requestStream, responseStream, ...codecs }];
    }),
  );
}

function withImports(file: DescFile, files = new Map<string, DescFile>()): Map<string, DescFile> {
  for (const dependency of file.dependencies) withImports(dependency, files);
  return files.set(file.name, file);
}

/**
 * The descriptors that server reflection answers with. They come from the generated code, because reflection breaks on
 * `map<>` fields of definitions that proto-loader parsed from text.
 */
export function loadForReflection(services: readonly DescService[]): PackageDefinition {
  const files = new Map<string, DescFile>();
  for (const service of services) withImports(service.file, files);
  const set = create(FileDescriptorSetSchema, { file: [...files.values()].map((file) => file.proto) });
  return loadFileDescriptorSetFromBuffer(Buffer.from(toBinary(FileDescriptorSetSchema, set)));
}
