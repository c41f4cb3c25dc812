import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack, timestampNow, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from '@jest/globals';
import { StatusSchema } from '@millrace/contracts';
import fc from 'fast-check';
import { badRequest, decodeStatus, encodeStatus, fieldViolations, fromStatus, toStatus } from './details.ts';
import { Code, RpcError } from './status.ts';

test('an error survives its bytes', () => {
  const text = fc.string({ unit: 'grapheme' });
  const errors = fc.record({
    code: fc.constantFrom(...Object.values(Code)),
    message: text,
    reason: fc.stringMatching(/^[A-Z_]{1,20}$/),
    retried: fc.boolean(),
    sent: fc.constantFrom('maybe' as const, 'refused' as const),
    retryDelayMs: fc.option(fc.nat(), { nil: undefined }),
    violations: fc.array(fc.record({ field: text, description: text, reason: text })),
  });
  fc.assert(
    fc.property(errors, ({ code, message, violations, ...init }) => {
      const details = violations.length > 0 ? badRequest(violations).details : [];
      const back = decodeStatus(encodeStatus(new RpcError(code, message, { ...init, details })));
      expect(back).toMatchObject({ code, message, ...init });
      expect(back && fieldViolations(back)).toMatchObject(violations);
    }),
  );
});

test('any delay can be written, in whole milliseconds', () => {
  const delay = fc.oneof(fc.double(), fc.double({ min: 0, max: 60_000, noNaN: true }));
  fc.assert(
    fc.property(delay, (retryDelayMs) => {
      const back = decodeStatus(encodeStatus(new RpcError(Code.UNAVAILABLE, 'busy', { retryDelayMs })));
      const wholeMs = Math.min(Math.max(Math.ceil(retryDelayMs), -1), 315_576_000_000_000);
      expect(back?.retryDelayMs).toBe(Number.isNaN(retryDelayMs) ? undefined : wholeMs + 0);
    }),
  );
});

test('wrong fields are named in the message and in the details', () => {
  const error = badRequest([
    { field: 'lines[0].sku', description: 'unknown', reason: 'UNKNOWN_PRODUCT' },
    { field: 'currency_code', description: 'three letters' },
  ]);
  expect(error).toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: 'lines[0].sku: unknown; currency_code: three letters',
    reason: 'UNKNOWN_PRODUCT',
    sent: 'refused',
  });
  expect(fieldViolations(error).map(({ field }) => field)).toEqual(['lines[0].sku', 'currency_code']);
});

test('a status of somebody else: no ErrorInfo, details of unknown types', () => {
  const status = create(StatusSchema, {
    code: 5,
    message: 'gone',
    details: [
      anyPack(TimestampSchema, timestampNow()),
      { typeUrl: 'type.example/no.Such', value: new Uint8Array([1]) },
    ],
  });
  expect(fromStatus(status)).toMatchObject({ code: Code.NOT_FOUND, reason: 'NOT_FOUND', details: [] });
});

test('ErrorInfo stands first, as readers of google.rpc.Status expect', () => {
  const status = toStatus(new RpcError(Code.ABORTED, 'again', { reason: 'BUSY', retryDelayMs: 20 }));
  expect(status.details.map(({ typeUrl }) => typeUrl.split('.').at(-1))).toEqual(['ErrorInfo', 'RetryInfo']);
});

test('bytes that are no status give nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => decodeStatus(bytes)).not.toThrow();
    }),
    { numRuns: 2_000 },
  );
  const broken = toBinary(StatusSchema, create(StatusSchema, { code: 5, message: 'gone' })).subarray(0, -1);
  expect(decodeStatus(broken)).toBeUndefined();
});
