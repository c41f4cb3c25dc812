import { expect, test } from '@jest/globals';
import { createPolicyTable, describeService, OrderService, parsePolicies, PaymentService } from './index.ts';

const { getOrder, placeOrder } = describeService(OrderService).methods;
const SERVICES = [OrderService, PaymentService];

test('without overrides a method keeps the policy of its proto', () => {
  const { effective } = createPolicyTable(SERVICES);
  expect(effective(getOrder!)).toBe(getOrder);
});

test("an override changes what it names and leaves the rest to the proto's word", () => {
  const table = createPolicyTable(SERVICES, {
    'shop.order.v1.OrderService/GetOrder': { deadlineMs: 77, retry: { maxRetries: 0 }, roles: ['admin'] },
  });
  const { policy, ...method } = table.effective(getOrder!);
  expect(policy).toEqual({ ...getOrder!.policy, deadlineMs: 77, retry: { maxRetries: 0 }, roles: ['admin'] });
  expect(method).toMatchObject({ path: getOrder!.path, kind: 'unary' });
  expect(Object.isFrozen(table.effective(getOrder!))).toBe(true);
  expect(table.effective(placeOrder!)).toBe(placeOrder);
  const { methods } = table.applyTo(describeService(OrderService));
  expect(methods['getOrder']).toBe(table.effective(getOrder!));
  expect(methods['placeOrder']).toBe(placeOrder);
});

test("a service's override holds for all its methods, a method's own counts more", () => {
  const { effective } = createPolicyTable(SERVICES, {
    'shop.order.v1.OrderService': { breaker: { minimumCalls: 5, openMs: 9 } },
    'shop.order.v1.OrderService/GetOrder': { breaker: { openMs: 3 } },
  });
  expect(effective(placeOrder!).policy.breaker).toMatchObject({ minimumCalls: 5, openMs: 9 });
  expect(effective(getOrder!).policy.breaker).toMatchObject({
    minimumCalls: 5,
    openMs: 3,
    failureRatio: 0.5,
  });
});

test('a number that the proto leaves out can be set to none', () => {
  const { effective } = createPolicyTable(SERVICES, {
    'shop.order.v1.OrderService/GetOrder': { stream: { idleMs: 0 }, compressAboveBytes: 0 },
  });
  expect(effective(getOrder!).policy.stream.idleMs).toBe(Infinity);
  expect(effective(getOrder!).policy.compressAboveBytes).toBe(Infinity);
});

test('what cannot be meant is refused by name', () => {
  expect(() => createPolicyTable(SERVICES, { 'shop.order.v1.OrderService/GetOrders': {} })).toThrow(
    'policies: there is no method or service shop.order.v1.OrderService/GetOrders',
  );
  expect(() => parsePolicies('[]')).toThrow('policies: expected an object of policies by method');
  expect(() => parsePolicies('{"a.B/C": {"deadline": 5}}')).toThrow(/^policies: a\.B\/C: .*deadline/);
  expect(() => parsePolicies('{"a.B/C": {"deadline_ms": "soon"}}')).toThrow(
    /^policies: a\.B\/C: .*deadline_ms/,
  );
});

test('a setting holds overrides in the words of the proto, and all of it can be printed', () => {
  const overrides = parsePolicies('{"shop.payment.v1.PaymentService/Void": {"deadline_ms": 123}}');
  const printed = createPolicyTable(SERVICES, overrides).print();
  expect(printed['shop.payment.v1.PaymentService/Void']).toMatchObject({
    deadlineMs: 123,
    criticality: 'essential',
  });
  const methods = SERVICES.flatMap((service) => service.methods.length);
  expect(Object.keys(printed)).toHaveLength(methods.reduce((sum, count) => sum + count));
});
