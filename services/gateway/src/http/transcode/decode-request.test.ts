import { toJson } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { CatalogService, describeService, OrderService } from '@millrace/contracts';
import { fieldViolations, RpcError } from '@millrace/rpc';
import { createLibrary } from '../../../test/library-service.ts';
import { decodeRequest } from './decode-request.ts';
import { createRouteTable } from './route-table.ts';

const table = createRouteTable([
  describeService(OrderService),
  describeService(CatalogService),
  createLibrary(),
]);

interface Sent {
  body?: string | Uint8Array;
  key?: string;
}

function decode(verb: string, target: string, { body, key }: Sent = {}) {
  const [path = '', query = ''] = target.split('?');
  const found = table.resolve(verb, path);
  if (!found.route) throw new Error(`${verb} ${path} leads nowhere`);
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const input = { params: found.params, query, body: bytes, idempotencyKey: key };
  return toJson(found.route.method.request.descriptor, decodeRequest(found.route, input));
}

function faultsOf(verb: string, target: string, sent?: Sent): Record<string, string> {
  try {
    decode(verb, target, sent);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    expect(error.code).toBe(3);
    return Object.fromEntries(fieldViolations(error).map(({ field, description }) => [field, description]));
  }
  throw new Error('it was accepted');
}

const LINE = { sku: 'MUG', quantity: 1 };
const ORDER = { currencyCode: 'GBP', lines: [LINE] };
const place = (body: unknown, key = 'k1') =>
  ['POST', '/v1/orders', { body: JSON.stringify(body), key }] as const;

describe('a request from body, path, query and header', () => {
  test('the whole body, by JSON or by proto names, and the key from the header', () => {
    const expected = { idempotencyKey: 'k1', ...ORDER };
    expect(decode(...place(ORDER))).toEqual(expected);
    expect(decode(...place({ currency_code: 'GBP', lines: [LINE] }))).toEqual(expected);
    expect(decode(...place({ ...ORDER, idempotencyKey: 'k1' }))).toEqual(expected);
  });

  test('int64 as text or number', () => {
    const product = (amountMinor: unknown) => ({
      products: [{ sku: 'A', unitPrice: { currencyCode: 'GBP', amountMinor } }],
    });
    const sent = (amountMinor: unknown) =>
      decode('POST', '/v1/products', { body: JSON.stringify(product(amountMinor)) });
    expect(sent('9007199254740993')).toEqual(product('9007199254740993'));
    expect(sent(125)).toEqual(product('125'));
  });

  test('a body that is left out is an empty one', () => {
    expect(decode('POST', '/v1/orders/7:cancel')).toEqual({ orderId: '7' });
    expect(decode('POST', '/v1/orders/7:cancel', { body: '' })).toEqual({ orderId: '7' });
  });

  test('one field as the body, the path inside it, the rest by query', () => {
    const body = JSON.stringify({ title: 'Dune', pages: 412 });
    expect(decode('PUT', '/v1/books/7?deep=true&name=x', { body })).toEqual({
      book: { id: '7', title: 'Dune', pages: 412 },
      deep: true,
      name: 'x',
    });
    expect(decode('PUT', '/v1/books:batch', { body: '[{"id":"1"},{"id":"2"}]' })).toEqual({
      books: [{ id: '1' }, { id: '2' }],
    });
  });

  test.each([
    ['tags=a&tags=b%20c&tags=d+e', { tags: ['a', 'b c', 'd e'] }],
    ['sizes=1&sizes=9007199254740993', { sizes: ['1', '9007199254740993'] }],
    ['book.title=x%3Dy&book.pages=3&book.sold=-4', { book: { title: 'x=y', pages: 3, sold: '-4' } }],
    ['kind=KIND_NOVEL', { kind: 'KIND_NOVEL' }],
    ['kind=1', { kind: 'KIND_NOVEL' }],
    ['deep=true&weight=1.5&count=7', { deep: true, weight: 1.5, count: '7' }],
    ['after=2010-12-01T08:26:00Z&limit=5', { after: '2010-12-01T08:26:00Z', limit: 5 }],
    ['&&name=a=b', { name: 'a=b' }],
    ['', {}],
  ])('the query %s', (query, expected) => {
    expect(decode('GET', `/v1/books?${query}`)).toEqual(expected);
  });

  test('query fields by JSON name as well', () => {
    expect(decode('GET', '/v1/orders?pageSize=5&status=ORDER_STATUS_CONFIRMED')).toEqual({
      pageSize: 5,
      status: 'ORDER_STATUS_CONFIRMED',
    });
  });
});

describe('what is wrong is named', () => {
  const line = (patch: object) => ({ ...ORDER, lines: [LINE, { ...LINE, ...patch }] });
  test.each([
    ['a wrong type', { ...ORDER, currencyCode: 5 }, 'currency_code'],
    ['a wrong type inside a list', line({ quantity: 'many' }), 'lines[1].quantity'],
    ['a fraction', line({ quantity: 1.5 }), 'lines[1].quantity'],
    ['more than an int32', line({ quantity: 3e9 }), 'lines[1].quantity'],
    ['an object for a list', { ...ORDER, lines: {} }, 'lines'],
    ['text for an object', line({ quotedUnitPrice: 'cheap' }), 'lines[1].quoted_unit_price'],
    ['null in a list', { ...ORDER, lines: [null] }, 'lines[0]'],
    [
      'more than an int64',
      line({ quotedUnitPrice: { amountMinor: '9223372036854775808' } }),
      'lines[1].quoted_unit_price.amount_minor',
    ],
    ['an unknown field', { ...ORDER, status: 'CONFIRMED' }, 'status'],
    ['an unknown field inside', line({ price: 1 }), 'lines[1].price'],
    ['a list', [ORDER], 'body'],
    ['a number', 5, 'body'],
    ['null', null, 'body'],
  ])('%s', (_name, body, field) => {
    const faults = faultsOf(...place(body));
    expect(Object.keys(faults)).toEqual([field]);
  });

  test('every wrong field at once, but not thousands', () => {
    expect(Object.keys(faultsOf(...place({ currencyCode: 1, lines: [{ sku: 2, quantity: 'x' }] })))).toEqual([
      'currency_code',
      'lines[0].sku',
      'lines[0].quantity',
    ]);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, i]));
    expect(Object.keys(faultsOf(...place(many)))).toHaveLength(20);
  });

  test.each([
    ['broken JSON', '{"currencyCode": ', /is not JSON/],
    ['an empty value', ' ', /is not JSON/],
    ['a key that stands twice', '{"currencyCode":"GBP","currencyCode":"USD"}', /duplicate object key/],
    ['a field by both its names', '{"currencyCode":"GBP","currency_code":"USD"}', /set multiple times/],
    ['bytes that are no text', Uint8Array.of(0x22, 0xff, 0x22), /is not UTF-8/],
  ])('%s', (_name, body, description) => {
    expect(faultsOf('POST', '/v1/orders', { body, key: 'k1' })).toEqual({
      body: expect.stringMatching(description),
    });
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    '%s is an unknown field and changes nothing',
    (name) => {
      expect(
        faultsOf('POST', '/v1/orders', { body: `{"${name}":{"polluted":1}}`, key: 'k1' }),
      ).toHaveProperty([name]);
      expect(faultsOf('GET', `/v1/books?${name}.polluted=1`)).toHaveProperty([`${name}.polluted`]);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );

  test('no key, and a key that differs from the body', () => {
    const body = JSON.stringify({ ...ORDER, idempotency_key: 'k2' });
    expect(faultsOf('POST', '/v1/orders', { body: JSON.stringify(ORDER) })).toEqual({
      idempotency_key: 'is missing: send the Idempotency-Key header',
    });
    const wrong = JSON.stringify({ currencyCode: 'pounds', lines: [{ sku: 'MUG', quantity: 0 }] });
    expect(Object.keys(faultsOf('POST', '/v1/orders', { body: wrong }))).toEqual([
      ...['idempotency_key', 'currency_code', 'lines[0].quantity'],
    ]);
    expect(Object.keys(faultsOf('POST', '/v1/orders', { body, key: 'k1' }))).toEqual(['idempotency_key']);
    expect(Object.keys(faultsOf('POST', '/v1/orders/7:cancel', { body: '{"orderId":"8"}' }))).toEqual([
      'order_id',
    ]);
  });

  test.each([
    ['an unknown parameter', 'colour=red', 'colour'],
    ['a broken escape', 'name=%zz', 'name'],
    ['a wrong number', 'book.pages=many', 'book.pages'],
    ['an empty number', 'book.pages=', 'book.pages'],
    ['an unknown enum value', 'kind=KIND_COMIC', 'kind'],
    ['a wrong boolean', 'deep=yes', 'deep'],
    ['a negative for an unsigned', 'count=-1', 'count'],
    ['a message', 'book=x', 'book'],
    ['a list of messages', 'books=x', 'books'],
    ['a map', 'counts=x', 'counts'],
    ['the same field twice', 'name=a&name=b', 'name'],
    ['a wrong time', 'after=tomorrow', 'after'],
    ['one wrong item of a list', 'sizes=1&sizes=x', 'sizes[1]'],
  ])('in the query, %s', (_name, query, field) => {
    expect(Object.keys(faultsOf('GET', `/v1/books?${query}`))).toEqual([field]);
  });

  test('fields that have another place', () => {
    expect(faultsOf('POST', '/v1/orders?currencyCode=GBP', { body: '{}' })).toHaveProperty('currencyCode');
    expect(faultsOf('PUT', '/v1/books/7?book.title=x', { body: '{}' })).toEqual({
      'book.title': 'belongs into the body',
    });
    expect(faultsOf('GET', '/v1/orders', { body: '{}' })).toEqual({ body: 'this method takes none' });
    expect(faultsOf('GET', '/v1/orders/7?order_id=8')).toEqual({ order_id: 'is given more than once' });
  });

  test('a field as the body cannot break out of it', () => {
    expect(faultsOf('PUT', '/v1/books/7', { body: '{"title":"x"},"name":"y"' })).toHaveProperty('body');
  });
});
