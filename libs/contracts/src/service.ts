import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { createCodec } from './codec.ts';
import type { CallKind, Method, Service } from './method.ts';
import { readPolicy } from './policy.ts';

const KINDS: Readonly<Record<DescMethod['methodKind'], CallKind>> = {
  unary: 'unary',
  client_streaming: 'clientStream',
  server_streaming: 'serverStream',
  bidi_streaming: 'bidi',
};

function describeMethod(descriptor: DescMethod): Method {
  const service = descriptor.parent.typeName;
  return Object.freeze({
    name: descriptor.name,
    localName: descriptor.localName,
    service,
    path: `/${service}/${descriptor.name}`,
    kind: KINDS[descriptor.methodKind],
    request: createCodec(descriptor.input),
    response: createCodec(descriptor.output),
    policy: readPolicy(descriptor),
    descriptor,
  });
}

const described = new WeakMap<DescService, Service>();

/** A service of the contract with its methods. The same descriptor gives the same object. */
export function describeService<S extends DescService>(descriptor: S): Service<S> {
  const known = described.get(descriptor);
  if (known) return known as Service<S>;
  const service: Service<S> = Object.freeze({
    name: descriptor.typeName,
    descriptor,
    methods: Object.freeze(
      Object.fromEntries(descriptor.methods.map((method) => [method.localName, describeMethod(method)])),
    ),
  });
  described.set(descriptor, service);
  return service;
}
