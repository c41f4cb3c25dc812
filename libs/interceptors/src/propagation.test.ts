import { rmSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import type { CallKind, Criticality } from '@millrace/contracts';
import { Context, currentContext, runInContext, type Principal } from '@millrace/rpc';
import { createRig, type Rig } from '@millrace/rpc/testing';
import { clientInterceptors } from './client-interceptors.ts';
import { propagation } from './propagation.ts';
import { serverInterceptors } from './server-interceptors.ts';
import { answering, readAll } from './testing/answers.ts';
import { fakeLogger } from './testing/fake-logger.ts';
import { KINDS, testCall, type TestCallOptions } from './testing/test-call.ts';
import { testKeys } from './testing/test-keys.ts';
import { createVerifier } from './tokens/create-verifier.ts';
import { serviceCredentials } from './tokens/service-credentials.ts';

const alice: Principal = { subject: 'alice', tenant: 'shop', roles: ['customer'] };

async function pass(options: TestCallOptions) {
  const next = answering('fine');
  await readAll(propagation()(testCall(options).call, next));
  const [call] = next.calls;
  if (!call) throw new Error('nothing was called');
  return call;
}

describe.each(KINDS)('a %s call', (kind) => {
  test.each<[TestCallOptions['context'], string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ isRetry: true }, '1', undefined],
    [{ criticality: 'critical' }, undefined, 'critical'],
    [{ criticality: 'sheddable', isRetry: true }, '1', 'sheddable'],
  ])('takes %j along', async (context, retry, criticality) => {
    const metadata = { 'millrace-retry': undefined, other: 'x' };
    const sent = await pass({ side: 'client', kind, metadata, ...(context && { context }) });
    expect(sent.metadata.get('millrace-retry')).toBe(retry);
    expect(sent.metadata.get('millrace-criticality')).toBe(criticality);
    expect(sent.metadata.get('other')).toBe('x');
  });

  test('that is a further attempt says so', async () => {
    const next = answering('fine');
    const { call } = testCall({ side: 'client', kind });
    await readAll(propagation()(call.with({ attempt: 1 }), next));
    expect(next.calls[0]?.metadata.get('millrace-retry')).toBe('1');
  });

  test.each<[string, Partial<Principal> | undefined, string, Criticality]>([
    ['of a service, what it says', { actor: 'gateway' }, 'sheddable', 'sheddable'],
    ['of a service, what it says, also more than the method', { actor: 'gateway' }, 'essential', 'essential'],
    ['of a service that says nonsense, the method’s own', { actor: 'gateway' }, '__proto__', 'critical'],
    ['of anybody else, the method’s own', {}, 'essential', 'critical'],
    [
      'of somebody with the name of a service, the method’s own',
      { subject: 'gateway' },
      'sheddable',
      'critical',
    ],
    ['of nobody, the method’s own', undefined, 'essential', 'critical'],
  ])('matters as much as: %s', async (_name, who, said, criticality) => {
    const principal = who && { ...alice, ...who };
    const served = await pass({
      kind,
      policy: { criticality: 'critical' },
      metadata: { 'millrace-criticality': said, 'millrace-retry': '1' },
      context: { principal },
    });
    expect(served.context).toMatchObject({ criticality, isRetry: true });
  });
});

describe('over three services', () => {
  const keys = testKeys('edge', 'gateway', 'order');
  const rigs: Rig[] = [];
  afterAll(() => rmSync(keys.dir, { recursive: true }));
  afterEach(async () => {
    for (const rig of rigs.splice(0).reverse()) await rig.close();
  });

  /** A service, and a client of it for the one before. */
  async function service(issuer: string, audience: string, work: () => Promise<unknown>): Promise<Rig> {
    const { keySetFile } = keys;
    const logger = fakeLogger();
    const credentials = serviceCredentials({ issuer, keyFile: keys.keyFile(issuer), audience });
    const rig = await createRig({
      server: serverInterceptors({
        ...{ service: audience, logger },
        auth: createVerifier({ keySetFile, issuers: [issuer], audience }),
      }),
      client: clientInterceptors({ peer: audience, logger, credentials }),
      handlers: {
        echo: async ({ text }) => work().then(() => ({ text })),
        collect: async (requests) => {
          const texts = await Array.fromAsync(requests, ({ text }) => text);
          await work();
          return { count: texts.length, text: texts.join(' ') };
        },
        expand: async function* ({ text }) {
          await work();
          yield { text, index: 0 };
        },
        chat: async function* (requests) {
          for await (const { text } of requests) {
            await work();
            yield { text };
          }
        },
      },
    });
    rigs.push(rig);
    return rig;
  }

  /** What each of gateway, order and payment knows of a call of this kind that is made in a context. */
  async function chain(kind: CallKind, context: Context): Promise<Context[]> {
    const seen: Context[] = [];
    const note = () => void seen.push(currentContext());
    const payment = await service('order', 'payment', async () => note());
    const order = await service('gateway', 'order', async () => {
      note();
      await payment.call(kind, ['a']);
    });
    const gateway = await service('edge', 'gateway', async () => {
      note();
      await order.call(kind, ['a']);
    });
    await runInContext(context, () => gateway.call(kind, ['a']));
    return seen;
  }

  const tester: Principal = { ...alice, roles: ['tester'] };

  test.each(KINDS)('of a %s call all know how much it matters, and that it is tried again', async (kind) => {
    const context = new Context({ principal: tester, criticality: 'sheddable', isRetry: true });
    const seen = await chain(kind, context);
    expect(seen.map(({ criticality }) => criticality)).toEqual(Array(3).fill('sheddable'));
    expect(seen.map(({ isRetry }) => isRetry)).toEqual([true, true, true]);
    expect(seen.map(({ principal }) => principal)).toMatchObject(Array(3).fill(tester));
    expect(seen.map(({ principal }) => principal?.actor)).toEqual(['edge', 'gateway', 'order']);
    expect(new Set(seen.map(({ trace }) => trace?.traceId)).size).toBe(1);
  });

  test.each(KINDS)(
    'a %s call that nobody said anything of matters as its first method does',
    async (kind) => {
      const seen = await chain(kind, new Context({ principal: tester }));
      const expected = kind === 'serverStream' ? 'sheddable' : 'default';
      expect(seen.map(({ criticality }) => criticality)).toEqual(Array(3).fill(expected));
      expect(seen.map(({ isRetry }) => isRetry)).toEqual([false, false, false]);
    },
  );

  test('what metadata says of a principal is believed by nobody', async () => {
    const seen: Context[] = [];
    const payment = await service('order', 'payment', async () => void seen.push(currentContext()));
    const metadata = {
      tenant: 'other',
      'x-tenant': 'other',
      principal: JSON.stringify({ subject: 'root', roles: ['admin'] }),
      'x-forwarded-user': 'root',
      'x-forwarded-client-cert': 'URI=spiffe://millrace.example/service/gateway',
      authorization: 'Bearer forged',
      'millrace-criticality': 'essential',
    };
    await payment.call('unary', ['a'], { metadata, context: new Context({ principal: tester }) });
    expect(seen).toMatchObject([{ principal: { ...tester, actor: 'order' } }]);
  });

  test('work that outlives its caller keeps how much it matters, and may try again', () => {
    const context = new Context({ criticality: 'critical', isRetry: true, principal: alice }).detach();
    expect(context).toMatchObject({ criticality: 'critical', isRetry: false, principal: alice });
  });
});
