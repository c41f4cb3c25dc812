import type { Criticality } from '@millrace/contracts';
import type { Call, Next } from '@millrace/rpc';
import { shed, type ShedOptions } from '../shed.ts';
import { answering, replyTo } from './answers.ts';
import { FakeLoop } from './fake-loop.ts';
import { fakeMeter } from './fake-meter.ts';
import { testCall, type TestCallOptions } from './test-call.ts';

/** A shed whose loop the test turns, and what got through it. */
export function shedRig(options: ShedOptions = {}) {
  const loop = new FakeLoop();
  const { meter, records, observe } = fakeMeter();
  const interceptor = shed({ loop, meter, minimum: 8, initial: 20, maxWaitMs: 100, ...options });
  const begun: Call[] = [];
  const send = (call: TestCallOptions, next: Next = answering('fine')) =>
    interceptor(testCall(call).call, (one) => {
      begun.push(one);
      return next(one);
    });
  const of = (criticality: Criticality, next?: Next) => send({ policy: { criticality } }, next);
  /** Work that keeps the loop busy. */
  const busy =
    (ms: number): Next =>
    async (call) => {
      loop.advance(ms);
      return replyTo(call, ['fine']);
    };
  return { loop, records, observe, interceptor, begun, send, of, busy };
}
