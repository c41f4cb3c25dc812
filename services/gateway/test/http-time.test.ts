import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RpcError } from '@millrace/rpc';
import { Code, type Call } from '@millrace/rpc';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

const ID = '01937f2e-7b1c-7c3a-9f10-3b9f6d1e2a4c';

let rig: GatewayRig;
beforeAll(async () => void (rig = await startGateway()));
afterAll(() => rig.stop());
beforeEach(() => rig.order.reset());

/** Makes the service hang until its call is cancelled; tells when it began and how it ended. */
function hang() {
  const begun = Promise.withResolvers<Call>();
  const ended = Promise.withResolvers<RpcError>();
  rig.order.handlers.getOrder = (_request, call) => {
    begun.resolve(call);
    return new Promise((_resolve, reject) => {
      call.onCancel((why) => {
        ended.resolve(why);
        reject(why);
      });
    });
  };
  return { begun: begun.promise, ended: ended.promise };
}

describe('time', () => {
  test('without a wish the method has its own time, less with every hop', async () => {
    rig.order.handlers.cancelOrder = () => Promise.resolve({});
    rig.order.handlers.listOrders = () => Promise.resolve({});
    await rig.send('POST', `/v1/orders/${ID}:cancel`);
    await rig.send('GET', '/v1/orders');
    const [cancel = 0, list = 0] = rig.order.calls.map(({ leftMs }) => leftMs);
    expect(cancel).toBeLessThan(20_000);
    expect(cancel).toBeGreaterThan(2_000);
    expect(list).toBeLessThan(2_000);
    expect(list).toBeGreaterThan(0);
  });

  test('Request-Timeout shortens it, and never makes it longer', async () => {
    rig.order.handlers.listOrders = () => Promise.resolve({});
    const left = async (seconds: string) => {
      await rig.send('GET', '/v1/orders', { headers: { 'request-timeout': seconds } });
      return rig.order.calls.at(-1)?.leftMs ?? 0;
    };
    expect(await left('0.9')).toBeLessThan(900);
    expect(await left('3600')).toBeLessThan(2_000);
  });

  test('when it is over the answer is 504, and the work behind it has ended', async () => {
    const { begun, ended } = hang();
    const problem = await rig.problem('GET', `/v1/orders/${ID}`, { headers: { 'request-timeout': '0.2' } });
    expect(problem).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    await begun;
    expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain((await ended).code);
  });

  test.each(['', '0', '-1', 'soon', '1e9', '1.2345', 'Infinity', '600H'])(
    'Request-Timeout %j is refused',
    async (value) => {
      const problem = await rig.problem('GET', '/v1/orders', { headers: { 'request-timeout': value } });
      expect(problem.errors.map(({ field }) => field)).toEqual(['request-timeout']);
    },
  );
});

describe('a client that goes away', () => {
  test('ends the work for it', async () => {
    const { begun, ended } = hang();
    const controller = new AbortController();
    const sent = rig.send('GET', `/v1/orders/${ID}`, { signal: controller.signal });
    await begun;
    controller.abort();
    await expect(sent).rejects.toThrow();
    expect((await ended).code).toBe(Code.CANCELLED);
  });

  test('or breaks its connection', async () => {
    const { begun, ended } = hang();
    const { hostname, port } = new URL(rig.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `GET /v1/orders/${ID} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${await rig.token()}\r\n\r\n`,
    );
    await begun;
    socket.resetAndDestroy();
    expect((await ended).code).toBe(Code.CANCELLED);
  });
});
