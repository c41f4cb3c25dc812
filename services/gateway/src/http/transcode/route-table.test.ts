import { describe, expect, test } from '@jest/globals';
import { CatalogService, describeService, OrderService } from '@millrace/contracts';
import { createLibrary, createLibraryService } from '../../../test/library-service.ts';
import { createRouteTable } from './route-table.ts';

const table = createRouteTable([
  describeService(OrderService),
  describeService(CatalogService),
  createLibrary(),
]);

const where = (verb: string, path: string) => {
  const found = table.resolve(verb, path);
  return found.route ? [found.route.method.name, found.params] : [undefined, found.allow];
};

describe('routes from the annotations', () => {
  test.each([
    ['POST', '/v1/orders', 'PlaceOrder', {}],
    ['GET', '/v1/orders', 'ListOrders', {}],
    ['HEAD', '/v1/orders', 'ListOrders', {}],
    ['GET', '/v1/orders:watch', 'WatchOrders', {}],
    ['GET', '/v1/orders/7', 'GetOrder', { order_id: '7' }],
    ['POST', '/v1/orders/7:cancel', 'CancelOrder', { order_id: '7' }],
    ['POST', '/v1/orders/a%2Fb%20c:cancel', 'CancelOrder', { order_id: 'a/b c' }],
    ['GET', '/v1/products', 'ListProducts', {}],
    ['GET', '/v1/shelves/1/books/2', 'GetBook', { name: 'shelves/1/books/2' }],
    ['GET', '/v1/shelves/a%2Fb/books/2%20c', 'GetBook', { name: 'shelves/a%2Fb/books/2 c' }],
    ['GET', '/v1/kinds/KIND_NOVEL/books', 'FindBooks', { kind: 'KIND_NOVEL' }],
    ['PUT', '/v1/books/7', 'PutBook', { 'book.id': '7' }],
    ['PUT', '/v1/books:batch', 'PutBooks', {}],
    ['GET', '/v1/files/a/b/c', 'ReadFile', { name: 'a/b/c' }],
    ['GET', '/v1/files/', 'ReadFile', { name: '' }],
    ['GET', '/v1/books/newest', 'Newest', {}],
    ['GET', '/v1/books/oldest', 'AnyBook', {}],
    ['LOCK', '/v1/books', 'Lock', {}],
    ['POST', '/v1/shelves/x:y:replace', 'Replace', { name: 'x:y' }],
  ])('%s %s is %s', (verb, path, name, params) => {
    expect(where(verb, path)).toEqual([name, params]);
  });

  test.each([
    ['PUT', '/v1/orders', ['POST', 'GET']],
    ['GET', '/v1/orders/7:cancel', ['POST']],
    ['HEAD', '/v1/orders:watch', ['GET']],
    ['DELETE', '/v1/orders/7', ['GET']],
  ])('%s %s is not allowed and says what is', (verb, path, allow) => {
    const [route, allowed] = where(verb, path);
    expect(route).toBeUndefined();
    expect(new Set(allowed as string[])).toEqual(new Set(allow));
  });

  test.each([
    '/',
    '',
    '/v1',
    '/v1/orders/',
    '/v1/orders/7/lines',
    '//v1/orders',
    '/v1/orders:',
    '/v1/shelves/1/books',
  ])('%s is nowhere', (path) => expect(where('GET', path)).toEqual([undefined, []]));

  test('broken percent-encoding is an error, not a crash later', () => {
    expect(() => table.resolve('GET', '/v1/orders/%zz')).toThrow(URIError);
  });
});

describe('an annotation that cannot work stops the start', () => {
  const get = (value: string) => ({ pattern: { case: 'get' as const, value } });
  test.each([
    ['an unknown field', get('/v1/{nothing}'), /fills nothing from the path/],
    ['a list in the path', get('/v1/{tags}'), /fills tags from the path/],
    ['a message in the path', get('/v1/{book}'), /fills book from the path/],
    ['a broken template', get('v1/books'), /v1\/books is not a path template/],
    ['an unclosed variable', get('/v1/{name'), /is not a path template/],
    [
      'an unknown body',
      { pattern: { case: 'put' as const, value: '/v1' }, body: 'nothing' },
      /unknown field, nothing/,
    ],
    ['an unknown reply field', { ...get('/v1'), responseBody: 'nothing' }, /unknown field, nothing/],
    ['no path', { body: '*' }, /names no path/],
  ])('%s', (_name, rule, message) => {
    expect(() => createRouteTable([createLibraryService({ Broken: rule })])).toThrow(message);
  });

  test('two methods at one place', () => {
    const rules = { One: get('/v1/{name}'), Two: get('/v1/{kind}') };
    expect(() => createRouteTable([createLibraryService(rules)])).toThrow(/GET \/v1\/\{\} leads to both/);
  });

  test('a stream of requests', () => {
    const service = createLibraryService({ One: get('/v1') }, { clientStreaming: true });
    expect(() => createRouteTable([service])).toThrow(/cannot carry a stream of requests/);
  });
});
