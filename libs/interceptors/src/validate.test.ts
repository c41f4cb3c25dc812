import { create } from '@bufbuild/protobuf';
import { describe, expect, it, test } from '@jest/globals';
import {
  describeService,
  ListOrdersRequestSchema,
  OrderService,
  type OrderStatus,
  PlaceOrderRequestSchema,
  PlaceOrdersRequestSchema,
} from '@millrace/contracts';
import { Code, compose, fieldViolations, type RpcError } from '@millrace/rpc';
import { answering, failureOf, readAll } from './testing/answers.ts';
import { KINDS, testCall } from './testing/test-call.ts';
import { validateMessage } from './validate/validate-message.ts';
import { validate } from './validate.ts';

const { getOrder } = describeService(OrderService).methods;
const good = getOrder?.request.decode(
  new Uint8Array([10, 36, ...Buffer.from('0b6e9f0a-1d2c-4b3a-9f8e-7d6c5b4a3f2e')]),
);
const bad = getOrder?.request.decode(new Uint8Array([10, 4, ...Buffer.from('nope')]));

describe('validate', () => {
  test.each(KINDS)('a %s call with good requests passes', async (kind) => {
    const next = answering('fine');
    await readAll(validate()(testCall({ kind, request: good, requests: [good, good] }).call, next));
    expect(next.calls).toHaveLength(1);
  });

  test.each(KINDS)('a %s call with a bad request is refused, and the field is named', async (kind) => {
    const { call } = testCall({ kind, request: bad, requests: [good, bad] });
    const error = await failureOf(readAll(compose([validate()], answering('fine'))(call)));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'INVALID_FIELD' });
    expect(fieldViolations(error as RpcError)).toMatchObject([
      { field: 'order_id', description: 'must be a valid UUID' },
    ]);
  });

  test.each(['clientStream', 'bidi'] as const)(
    'the messages of a %s call are checked as they are read, and no more are read after a bad one',
    async (kind) => {
      let sent = 0;
      const requests = [good, bad, good].values().map((message) => (sent++, message));
      const read: unknown[] = [];
      const { call } = testCall({ kind, requests });
      const reply = validate()(call, async ({ requests: checked }) => {
        for await (const message of checked ?? []) read.push(message);
        throw new Error('never gets there');
      });
      expect(await failureOf(readAll(reply))).toMatchObject({ code: Code.INVALID_ARGUMENT });
      expect({ read, sent }).toEqual({ read: [good], sent: 2 });
    },
  );

  it('leaves the messages of a stream to the handler that says so', async () => {
    const { call } = testCall({ kind: 'bidi', requests: [bad] });
    const interceptor = validate({ checkedByHandler: [call.method.path] });
    expect(await readAll(interceptor(call, answering('fine')))).toEqual(['fine']);
  });
});

describe('the violations of a message', () => {
  const order = { idempotencyKey: 'k', currencyCode: 'GBP', lines: [{ sku: 'MUG', quantity: 1 }] };

  it('are none where it keeps the rules', () => {
    expect(validateMessage(PlaceOrderRequestSchema, create(PlaceOrderRequestSchema, order))).toEqual([]);
  });

  test.each([
    [{ idempotencyKey: '' }, 'idempotency_key', 'must be at least 1 character'],
    [{ currencyCode: 'gbp' }, 'currency_code', 'must match ^[A-Z]{3}$'],
    [{ lines: [] }, 'lines', 'must contain at least 1 item'],
    [
      { lines: [{ sku: 'MUG', quantity: 0 }] },
      'lines[0].quantity',
      'must be greater than or equal to 1 and less than or equal to 1000000',
    ],
    [{ lines: [{ sku: '', quantity: 1 }] }, 'lines[0].sku', 'must be at least 1 character'],
  ])('name the field of %j', (change, field, description) => {
    const message = create(PlaceOrderRequestSchema, { ...order, ...change });
    expect(validateMessage(PlaceOrderRequestSchema, message)).toEqual([{ field, description }]);
  });

  it('name every field at once', () => {
    const message = create(ListOrdersRequestSchema, { pageSize: -1, status: 99 as OrderStatus });
    expect(validateMessage(ListOrdersRequestSchema, message).map(({ field }) => field)).toEqual([
      'page_size',
      'status',
    ]);
  });

  it('say what is required', () => {
    const violations = validateMessage(PlaceOrdersRequestSchema, create(PlaceOrdersRequestSchema));
    expect(violations).toEqual([{ field: 'order', description: 'is required' }]);
  });
});
