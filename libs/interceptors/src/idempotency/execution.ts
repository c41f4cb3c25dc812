import { equals, type Message } from '@bufbuild/protobuf';
import { Code, RpcError, type Call, type Reply } from '@millrace/rpc';
import type { Clock } from '../clock.ts';

/** How an execution ended for those who wait for it; undefined when it ended for its own caller only. */
export type Ending = { readonly reply: Reply } | { readonly error: unknown } | undefined;

/** A caller with less time left than this ran out of it: the calls made for it end that much earlier. */
const OUT_OF_TIME_MS = 50;

/** One run of a request, whose outcome others with the same request can share. */
export class Execution {
  readonly reply: Promise<Reply>;
  readonly #call: Call;
  readonly #clock: Clock;
  #ending: Promise<Ending> | undefined;

  constructor(call: Call, reply: Promise<Reply>, clock: Clock) {
    this.#call = call;
    this.reply = reply;
    this.#clock = clock;
  }

  /** Whether its own caller left. It may still be at work, but nobody knows how it will end. */
  get isAbandoned(): boolean {
    return this.#call.cancelled !== undefined;
  }

  /** Field by field, whatever the order of maps; unknown fields do not count. */
  isOf(request: unknown): boolean {
    const { descriptor } = this.#call.method.request;
    return equals(descriptor, this.#call.request as Message, request as Message);
  }

  /** Made when somebody first asks: most executions are never shared. */
  get ending(): Promise<Ending> {
    return (this.#ending ??= new Promise((resolve) => {
      const undo = this.#call.onCancel(() => resolve(undefined));
      const end = (ending: Ending) => {
        undo();
        resolve(ending);
      };
      this.reply.then(
        (reply) => end({ reply }),
        (error: unknown) => end(this.#isOwn(error) ? undefined : { error }),
      );
    }));
  }

  /** Whether it failed for want of its own caller's time or interest, which another caller may have. */
  #isOwn(error: unknown): boolean {
    if (this.isAbandoned) return true;
    const late = error instanceof RpcError && error.code === Code.DEADLINE_EXCEEDED;
    return late && this.#call.deadlineMs - this.#clock.now() < OUT_OF_TIME_MS;
  }
}
