import { describe, expect, it } from '@jest/globals';
import { describeService } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Call } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { Context } from './context.ts';
import { NO_METADATA } from './metadata.ts';
import { Code, RpcError } from './status.ts';

function create() {
  const method = Object.values(describeService(EchoService).methods)[0]!;
  const cancellation = new Cancellation();
  const fields = {
    request: { text: 'a' },
    requests: undefined,
    metadata: NO_METADATA,
    deadlineMs: 1_000,
    attempt: 0,
    context: new Context(),
  };
  return { call: new Call({ side: 'client', method, cancellation }, fields), cancellation };
}

const gone = new RpcError(Code.CANCELLED, 'gone');

describe('a fork of a call', () => {
  it('is the same call', () => {
    const { call } = create();
    const { side, method, request, deadlineMs, context } = call;
    expect(call.fork().call).toMatchObject({ side, method, request, deadlineMs, context });
  });

  it('ends with the call', () => {
    const { call, cancellation } = create();
    const fork = call.fork();
    const { signal } = fork.call;
    cancellation.cancel(gone);
    expect(fork.call.cancelled).toBe(gone);
    expect(signal.reason).toBe(gone);
  });

  it('has ended when the call had', () => {
    const { call, cancellation } = create();
    cancellation.cancel(gone);
    expect(call.fork().call.cancelled).toBe(gone);
  });

  it('ends alone, for all copies of it', () => {
    const { call } = create();
    const fork = call.fork();
    const copy = fork.call.with({ attempt: 1 });
    fork.cancellation.cancel(gone);
    expect(copy.cancelled).toBe(gone);
    expect(call.cancelled).toBeUndefined();
  });

  it('leaves nothing behind when it is released', () => {
    const { call, cancellation } = create();
    for (let count = 0; count < 1_000; count++) call.fork().release();
    expect(cancellation.listenerCount).toBe(0);
  });
});
