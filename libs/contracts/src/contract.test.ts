import { hasOption, type DescService } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import {
  CatalogService,
  describeService,
  httpRule,
  loadForReflection,
  loadService,
  OrderService,
  PaymentService,
} from './index.ts';
import { EchoService } from './testing.ts';

/** What the shop promises. A new service belongs here. */
const SERVICES: readonly DescService[] = [OrderService, CatalogService, PaymentService];
const METHODS = SERVICES.flatMap((service) => Object.values(describeService(service).methods));

test.each(METHODS.map((method) => [method.path, method] as const))(
  '%s says how it may be treated',
  (_path, method) => {
    const { declared, deadlineMs, roles, idempotency } = method.policy;
    expect(declared).toBe(true);
    expect(deadlineMs).toBeGreaterThan(0);
    expect(roles.length).toBeGreaterThan(0);
    expect(idempotency).not.toBe('unknown');
  },
);

test('no two methods share a path', () => {
  expect(new Set(METHODS.map(({ path }) => path)).size).toBe(METHODS.length);
});

test('only services that face customers have HTTP rules, and payment is for services', () => {
  const exposed = METHODS.filter(({ descriptor }) => hasOption(descriptor, httpRule));
  expect(new Set(exposed.map(({ service }) => service))).toEqual(
    new Set([OrderService.typeName, CatalogService.typeName]),
  );
  const payment = Object.values(describeService(PaymentService).methods);
  for (const { policy } of payment) expect(policy.roles).toContain('service:order');
});

test.each([...SERVICES, EchoService].map((service) => [service.typeName, service] as const))(
  '%s: the text of the proto and the generated code agree',
  (_name, service) => {
    const loaded = loadService(service);
    for (const method of Object.values(describeService(service).methods)) {
      expect(loaded[method.name]).toMatchObject({
        path: method.path,
        requestStream: method.kind === 'clientStream' || method.kind === 'bidi',
        responseStream: method.kind === 'serverStream' || method.kind === 'bidi',
      });
    }
  },
);

test('a service is described once', () => {
  expect(describeService(OrderService)).toBe(describeService(OrderService));
  expect(Object.isFrozen(describeService(OrderService).methods)).toBe(true);
  expect(Object.isFrozen(METHODS[0])).toBe(true);
});

test('a method without a policy is known as such', () => {
  const { undeclared, watch } = describeService(EchoService).methods;
  expect(undeclared?.policy).toMatchObject({ declared: false, roles: [], idempotency: 'unknown' });
  expect(watch?.policy).toMatchObject({ declared: true, longLived: true, idempotency: 'noSideEffects' });
});

test('the serializers of a loaded service are its codecs', () => {
  const { Echo: echo } = loadService(EchoService);
  const bytes = echo?.requestSerialize({ text: 'hello' } as object);
  expect(bytes).toBeInstanceOf(Buffer);
  expect(echo?.requestDeserialize(bytes as Buffer)).toMatchObject({ text: 'hello' });
  expect(echo?.responseDeserialize(echo.responseSerialize({ text: 'back' } as object))).toMatchObject({
    text: 'back',
  });
});

test('reflection knows every message of its services, those of imports too', () => {
  const definition = loadForReflection([...SERVICES, EchoService]);
  expect(Object.keys(definition)).toEqual(
    expect.arrayContaining([
      'shop.order.v1.OrderService',
      'shop.payment.v1.PaymentService',
      'shop.type.v1.Money',
      'google.rpc.Status',
      'google.protobuf.Timestamp',
      'millrace.test.v1.Sample',
    ]),
  );
});
