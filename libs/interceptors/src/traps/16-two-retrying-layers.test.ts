import { expect, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { createRig } from '@millrace/rpc/testing';
import { failureOf } from '../testing/answers.ts';
import { clientInterceptors } from '../client-interceptors.ts';
import { fakeLogger } from '../testing/fake-logger.ts';
import { serverInterceptors } from '../server-interceptors.ts';
import { KINDS } from '../testing/test-call.ts';

/** Three attempts, as cockatiel makes them. */
const ATTEMPTS = 3;

// That grpc-js still retries below whoever retries above is shown in libs/rpc/src/traps/16-two-retrying-layers.test.ts.
test.each(KINDS)('ours tries a %s call again in one place of a chain of three', async (kind) => {
  let seen = 0;
  const principal = { subject: 'ada', tenant: 'shop', roles: ['tester'] };
  const logger = fakeLogger();
  const server = serverInterceptors({ logger, auth: () => Promise.resolve(principal), shed: false });
  const client = clientInterceptors({ breaker: false, logger });
  await using last = await createRig({
    server: [
      () => {
        seen += 1;
        return Promise.reject(new RpcError(Code.UNAVAILABLE, 'busy'));
      },
    ],
    client,
  });
  const passOn = async (): Promise<never> => {
    await last.call(kind);
    throw new Error('the last one fails');
  };
  await using first = await createRig({
    server,
    client: clientInterceptors({ breaker: false, logger }),
    handlers: {
      echo: passOn,
      collect: passOn,
      async *expand() {
        yield await passOn();
      },
      async *chat() {
        yield await passOn();
      },
    },
  });
  expect(await failureOf(first.call(kind))).toMatchObject({ code: Code.UNAVAILABLE });
  // What streams its requests cannot be sent again by anybody.
  expect(seen).toBe(kind === 'clientStream' || kind === 'bidi' ? 1 : ATTEMPTS);
});
