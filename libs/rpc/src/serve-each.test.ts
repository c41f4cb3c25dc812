import { create } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import {
  describeService,
  GetOrderRequestSchema,
  OrderService,
  type GetOrderRequest,
} from '@millrace/contracts';
import { Call } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { Context, currentContext } from './context.ts';
import type { Interceptor } from './interceptor.ts';
import { NO_METADATA } from './metadata.ts';
import { serveEach } from './serve-each.ts';
import { Code, RpcError } from './status.ts';

const { getOrder, placeOrders } = describeService(OrderService).methods;
if (!getOrder || !placeOrders) throw new Error('the contract has changed');
const request = create(GetOrderRequestSchema, { orderId: 'one' });

function aStream() {
  const cancellation = new Cancellation();
  const principal = { subject: 'ada', tenant: 'default', roles: [] };
  const fields = {
    request: undefined,
    requests: undefined,
    metadata: NO_METADATA,
    deadlineMs: Infinity,
    attempt: 0,
  };
  const context = new Context({ principal });
  const stream = new Call({ side: 'server', method: placeOrders!, cancellation }, { ...fields, context });
  return { stream, cancellation };
}

test('a message passes the interceptors as a call of its own method', async () => {
  const seen: Call[] = [];
  const look: Interceptor = (call, next) => {
    seen.push(call);
    return next(call.with({ context: call.context.with({ criticality: 'sheddable' }) }));
  };
  const serve = serveEach({
    method: getOrder,
    interceptors: [look],
    handler: async ({ orderId }: GetOrderRequest) => `${orderId} for ${currentContext().principal?.subject}`,
  });
  expect(await serve(request, aStream().stream)).toBe('one for ada');
  expect(seen[0]?.method).toBe(getOrder);
  expect(seen[0]?.request).toBe(request);
});

test('a message that fails leaves the stream and the other messages alone', async () => {
  const { stream } = aStream();
  const serve = serveEach({
    method: getOrder,
    interceptors: [
      (call) => {
        const why = new RpcError(Code.DEADLINE_EXCEEDED, 'too slow');
        call.cancel(why);
        return Promise.reject(why);
      },
    ],
    handler: async () => 'never',
  });
  await expect(serve(request, stream)).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  expect(stream.cancelled).toBeUndefined();
});

test('a message ends with its stream, and lets go of it when it is done', async () => {
  const { stream, cancellation } = aStream();
  const serve = serveEach({
    method: getOrder,
    interceptors: [],
    handler: (_: GetOrderRequest, call) =>
      new Promise<string>((_resolve, reject) => void call.onCancel(reject)),
  });
  const answer = serve(request, stream);
  expect(cancellation.listenerCount).toBe(1);
  cancellation.cancel(new RpcError(Code.CANCELLED, 'the client left'));
  await expect(answer).rejects.toMatchObject({ code: Code.CANCELLED });
  expect(cancellation.listenerCount).toBe(0);
});
