import { afterEach, expect, test } from '@jest/globals';
import { createPolicyTable } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Code, RpcError, type Call, type Interceptor } from '@millrace/rpc';
import { createRig, type Rig } from '@millrace/rpc/testing';
import { hedge } from './hedge.ts';
import { propagation } from './propagation.ts';
import { retry } from './retry.ts';
import { RetryBudget } from './retry/retry-budget.ts';

const rigs: Rig[] = [];
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

const HEDGED = { hedge: { delayMs: 20 } };
const policies = createPolicyTable([EchoService], {
  'millrace.test.v1.EchoService/Echo': HEDGED,
  'millrace.test.v1.EchoService/Expand': HEDGED,
});

/** A service that a test works for, by attempt, over a real socket. */
async function start(work: (call: Call, attempt: number) => Promise<void>) {
  let attempts = 0;
  const served: Call[] = [];
  const serve = async (call: Call) => {
    served.push(call);
    await work(call, attempts++);
  };
  const budget = new RetryBudget();
  const rig = await createRig({
    policies,
    client: [retry({ budget }), hedge({ budget }), propagation()],
    handlers: {
      echo: async ({ text }, call) => serve(call).then(() => ({ text })),
      expand: async function* ({ text, count }, call) {
        await serve(call);
        for (let index = 0; index < count; index++) yield { text, index };
      },
    },
  });
  rigs.push(rig);
  return { ...rig, served, budget };
}

const untilCancelled = (call: Call) => new Promise<never>((_resolve, reject) => void call.onCancel(reject));

test.each([
  ['unary', ['a']],
  ['serverStream', ['a', 'a']],
] as const)('the handler of the slower attempt of a %s call is told to stop', async (kind, answer) => {
  const told = Promise.withResolvers<RpcError>();
  const { call, served, budget } = await start(async (call, attempt) => {
    if (attempt > 0) return;
    call.onCancel(told.resolve);
    await untilCancelled(call);
  });
  expect(await call(kind, ['a'])).toEqual(answer);
  expect(await told.promise).toMatchObject({ code: Code.CANCELLED });
  expect(served.map(({ metadata }) => metadata.get('millrace-retry'))).toEqual(['hedged', '1']);
  expect(budget.tokens).toBeCloseTo(8.1);
});

test.each(['unary', 'serverStream'] as const)(
  'a %s call of which both attempts failed is tried again, without a hedge of its own',
  async (kind) => {
    const second = Promise.withResolvers<void>();
    const { call, served } = await start(async (_call, attempt) => {
      if (attempt === 0) await second.promise;
      if (attempt === 1) second.resolve();
      if (attempt < 2) throw new RpcError(Code.UNAVAILABLE, 'busy');
      await new Promise((resolve) => setTimeout(resolve, 40));
    });
    expect(await call(kind, ['a'])).toContain('a');
    expect(served).toHaveLength(3);
  },
);

test.each([
  ['unary', 'a client that hedges', true],
  ['serverStream', 'a client that hedges', true],
  ['clientStream', 'a client that hedges', false],
  ['unary', 'one that does not', false],
] as const)('what is done for a %s call of %s is told of hedges: %s', async (kind, who, isHedged) => {
  const seen: boolean[] = [];
  const look: Interceptor = (call, next) => {
    seen.push(call.context.isHedged);
    return next(call);
  };
  const client = who === 'one that does not' ? [propagation()] : [hedge(), propagation()];
  await using rig = await createRig({ policies, client, server: [propagation(), look] });
  await rig.call(kind, ['a']);
  expect(seen).toEqual([isHedged]);
});

test.each(['unary', 'serverStream'] as const)(
  'both handlers of a %s call are told when its caller leaves',
  async (kind) => {
    const told: RpcError[] = [];
    const both = Promise.withResolvers<void>();
    const controller = new AbortController();
    const { call } = await start(async (one, attempt) => {
      if (attempt === 1) controller.abort();
      one.onCancel((why) => {
        if (told.push(why) === 2) both.resolve();
      });
      await untilCancelled(one);
    });
    await expect(call(kind, ['a'], { signal: controller.signal })).rejects.toMatchObject({
      code: Code.CANCELLED,
    });
    await both.promise;
  },
);
