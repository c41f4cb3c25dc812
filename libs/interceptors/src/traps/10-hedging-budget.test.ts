import { expect, test } from '@jest/globals';
import { createPolicyTable } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Code, RpcError } from '@millrace/rpc';
import { createRig } from '@millrace/rpc/testing';
import { clientInterceptors } from '../client-interceptors.ts';
import { fakeLogger } from '../testing/fake-logger.ts';

const CALLS = 40;
/** What a new client may spend on second attempts, of both kinds. */
const BUDGET = 10;

// That grpc-js still hedges without a budget is shown in libs/rpc/src/traps/10-hedging-and-pushback.test.ts.
test.each(['unary', 'serverStream'] as const)(
  'ours pays for the hedges and retries of %s calls out of one budget',
  async (kind) => {
    const hedged = { hedge: { delayMs: 1 } };
    const policies = createPolicyTable([EchoService], {
      'millrace.test.v1.EchoService/Echo': hedged,
      'millrace.test.v1.EchoService/Expand': hedged,
    });
    let seen = 0;
    await using rig = await createRig({
      policies,
      client: clientInterceptors({ breaker: false, logger: fakeLogger() }),
      server: [
        async () => {
          seen += 1;
          // Long enough for a hedge to leave.
          await new Promise((resolve) => setTimeout(resolve, 10));
          throw new RpcError(Code.UNAVAILABLE, 'busy');
        },
      ],
    });
    await Promise.all(Array.from({ length: CALLS }, () => rig.call(kind).catch(() => undefined)));
    expect(seen).toBeGreaterThan(CALLS);
    expect(seen).toBeLessThanOrEqual(CALLS + BUDGET);
  },
);
