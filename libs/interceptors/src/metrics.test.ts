import { expect, test } from '@jest/globals';
import type { Attributes, Meter } from '@opentelemetry/api';
import { Code, RpcError } from '@millrace/rpc';
import { metrics } from './metrics.ts';
import { readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { KINDS, testCall } from './testing/test-call.ts';

const SIDES = ['server', 'client'] as const;
const EVERY = SIDES.flatMap((side) => KINDS.map((kind) => ({ side, kind })));

function rig() {
  const records: { name: string; value: number; attributes: Attributes | undefined }[] = [];
  const createHistogram = (name: string) => ({
    record: (value: number, attributes?: Attributes) => void records.push({ name, value, attributes }),
  });
  const clock = new FakeClock();
  return { records, clock, interceptor: metrics({ meter: { createHistogram } as Meter, clock }) };
}

test.each(EVERY)('a $kind call on the $side is counted once, when it is over', async ({ side, kind }) => {
  const { records, clock, interceptor } = rig();
  for (const error of [undefined, new RpcError(Code.UNAVAILABLE, 'no'), new RpcError(Code.NOT_FOUND, 'no')]) {
    const { call } = testCall({ side, kind });
    const reply = interceptor(call, async (inner) => {
      clock.advance(250);
      return replyTo(inner, ['fine'], error);
    });
    await readAll(reply).catch(() => undefined);
  }
  const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': 'shop.order.v1.OrderService/GetOrder' };
  const failed = (status: string) => ({ 'rpc.status_code': status, 'error.type': status });
  expect(records).toEqual(
    [
      { attributes: { ...attributes, 'rpc.status_code': 'OK' } },
      { attributes: { ...attributes, ...failed('UNAVAILABLE') } },
      {
        attributes: {
          ...attributes,
          ...(side === 'client' ? failed('NOT_FOUND') : { 'rpc.status_code': 'NOT_FOUND' }),
        },
      },
    ].map((record) => ({ name: `rpc.${side}.call.duration`, value: 0.25, ...record })),
  );
});
