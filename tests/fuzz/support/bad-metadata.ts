import fc, { type Arbitrary } from 'fast-check';
import type { RawHeaders } from './raw-headers.ts';

/** The headers of a call that are wrong, forged or odd. */
export interface BadMetadata {
  /** What was done, for whoever reads a failure. */
  readonly what: string;
  /** Instead of the good ones of the same name, beside the others. */
  readonly headers: RawHeaders;
  /** Names of good ones that are left out. */
  readonly without?: readonly string[];
}

/** Stands for the good `authorization`. */
export const GOOD_TOKEN = '(good)';

const bad = (what: string, headers: Arbitrary<RawHeaders>): Arbitrary<BadMetadata> =>
  headers.map((made) => ({ what, headers: made }));

const one = (name: Arbitrary<string>, value: Arbitrary<string>): Arbitrary<RawHeaders> =>
  fc.tuple(name, value).map(([key, text]) => [[key, text]]);
const oneOf = (...values: string[]): Arbitrary<string> => fc.constantFrom(...values);

const anyText = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  oneOf('', ' ', '\u0000', 'a\r\nx-injected: 1', '\u007f', 'ünï', '%00', '../../etc/passwd', "' or '1'='1"),
);
const control = fc
  .tuple(fc.integer({ min: 0, max: 31 }), fc.string({ unit: 'grapheme-ascii', maxLength: 20 }))
  .map(([code, text]) => `${text}${String.fromCharCode(code)}${text}`);
const names = (count: number): RawHeaders =>
  Array.from({ length: count }, (_, index) => [`x-key-${index}`, 'value']);

const FORGED_NAMES = [
  'x-tenant',
  'tenant',
  'x-forwarded-for',
  'x-forwarded-user',
  'x-forwarded-client-cert',
  'forwarded',
  'x-real-ip',
  'x-principal',
  'principal',
  'subject',
  'x-roles',
  'roles',
  'x-user-id',
  'millrace-retry',
  'x-millrace-timeout',
  'x-millrace-principal',
  'cookie',
];
const RESERVED_NAMES = [
  'grpc-status',
  'grpc-message',
  'grpc-status-details-bin',
  'grpc-accept-encoding',
  'grpc-internal-encoding-request',
  'grpc-previous-rpc-attempts',
  'grpc-retry-pushback-ms',
  'grpc-tags-bin',
  'grpc-trace-bin',
];
const FORBIDDEN_NAMES = [
  '',
  'X-Upper',
  'x space',
  'x\u0000',
  'x:y',
  'ünï',
  ':unknown',
  ':status',
  'connection',
  'te',
  'upgrade',
  'transfer-encoding',
  'keep-alive',
];
const TIMEOUTS = [
  '-1S',
  '1',
  'S',
  '999999999S',
  '1.5S',
  '1e3S',
  ' 1S',
  '1s',
  'NaNm',
  '∞S',
  '',
  '0x1S',
  '1S, 2S',
  '600H',
  '0S',
  '1n',
];
const TOKENS = [
  '',
  'Bearer',
  'Bearer ',
  'Bearer x',
  'Bearer a.b.c',
  'Basic YWRhOnNlY3JldA==',
  'bearer null',
  'Bearer ' + 'a'.repeat(9_000),
];

/** The headers of a call as they should be, with the bad ones in their place. */
export function headersWith(
  { headers, without = [] }: BadMetadata,
  good: { readonly path: string; readonly authority: string; readonly authorization: string },
): RawHeaders {
  const { path, authority, authorization } = good;
  const all: RawHeaders = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', authority],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['authorization', authorization],
  ];
  const left = all.filter(([name]) => !without.includes(name));
  // In their order: names that begin with a colon come first.
  const own = left.flatMap((pair) => {
    const instead = headers.filter(([name]) => name === pair[0]);
    return instead.length > 0 ? instead : [pair];
  });
  const more = headers.filter(([name]) => !left.some(([known]) => known === name));
  return [...own, ...more].map(([name, value]) => [name, value === GOOD_TOKEN ? authorization : value]);
}

/** Everything that may stand where metadata should. */
export const badMetadata: Arbitrary<BadMetadata> = fc.oneof(
  bad('control bytes', one(oneOf('x-any', 'traceparent', 'user-agent'), control)),
  bad('any text', one(oneOf('x-any', 'traceparent', 'tracestate', 'baggage'), anyText)),
  bad(
    '-bin that is no base64',
    one(
      oneOf('x-any-bin', 'grpc-trace-bin', 'x-bin'),
      fc.oneof(anyText, oneOf('%%%', 'a', '====', 'YQ', 'YQ==,%%%')),
    ),
  ),
  bad('200 keys and more', fc.integer({ min: 200, max: 1_000 }).map(names)),
  bad(
    '64 KiB',
    one(oneOf('x-long', 'authorization', 'traceparent', 'x-long-bin'), fc.constant('x'.repeat(64 * 1024))),
  ),
  bad(
    'names out of the prototype',
    one(
      oneOf(
        '__proto__',
        'constructor',
        'prototype',
        'hasownproperty',
        'tostring',
        '__proto__-bin',
        'valueof',
      ),
      fc.oneof(oneOf('polluted', '{"polluted":true}'), anyText),
    ),
  ),
  bad('reserved names', one(oneOf(...RESERVED_NAMES), fc.oneof(oneOf('0', '16', 'junk'), anyText))),
  bad(
    'forged identity',
    one(
      oneOf(...FORGED_NAMES),
      oneOf(
        'admin',
        'root',
        'other-tenant',
        '127.0.0.1',
        '1',
        '{"subject":"root","tenant":"other","roles":["admin"]}',
      ),
    ),
  ),
  bad(
    'two authorizations',
    fc
      .tuple(oneOf(GOOD_TOKEN, ...TOKENS), oneOf(GOOD_TOKEN, ...TOKENS))
      .map((tokens) => tokens.map((token) => ['authorization', token] as const)),
  ),
  bad('names that HTTP/2 forbids', one(oneOf(...FORBIDDEN_NAMES), oneOf('a', '', 'close'))),
  bad('bad authorization', one(oneOf('authorization'), fc.oneof(oneOf(...TOKENS), anyText))),
  fc.constant({ what: 'no authorization', headers: [], without: ['authorization'] }),
  bad('nonsense for a deadline', one(oneOf('grpc-timeout'), fc.oneof(oneOf(...TIMEOUTS), anyText))),
  bad(
    'nonsense for an encoding',
    one(oneOf('grpc-encoding'), fc.oneof(oneOf('br', 'gzip, gzip', '__proto__'), anyText)),
  ),
  bad(
    'nonsense for a content type',
    one(
      oneOf('content-type'),
      fc.oneof(oneOf('application/json', 'application/grpc+json', 'application/grpc-web', ''), anyText),
    ),
  ),
  bad('another verb', one(oneOf(':method'), oneOf('GET', 'PUT', 'DELETE', 'OPTIONS', 'post', 'X'))),
  bad(
    'another path',
    one(
      oneOf(':path'),
      oneOf(
        '/',
        '*',
        '//',
        '/millrace.test.v1.EchoService',
        '/millrace.test.v1.EchoService/Echo/',
        '/millrace.test.v1.EchoService/echo',
        '/__proto__/constructor',
        '/a/b?c',
        '/%00/x',
      ),
    ),
  ),
  bad(
    'another authority',
    one(
      oneOf(':authority', 'host', ':scheme'),
      fc.oneof(oneOf('', 'localhost:1@evil', 'evil.test'), anyText),
    ),
  ),
);
