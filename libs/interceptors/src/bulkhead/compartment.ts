import type { BulkheadPolicy } from '@millrace/contracts';
import { tapReply, type Call, type Next, type Reply } from '@millrace/rpc';
import { CallQueue } from '../call-queue.ts';

function policyOf(call: Call): BulkheadPolicy {
  return call.method.policy.bulkhead;
}

/** The calls of one group: those under way, and those that wait until one of them has ended. */
export class Compartment {
  readonly #queue = new CallQueue('never');
  #active = 0;

  get active(): number {
    return this.#active;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Undefined when the call may begin now, the promise of its place when it has to wait, `full` when there is no room for it. */
  enter(call: Call, mayWait: boolean): Promise<void> | 'full' | undefined {
    const { maxConcurrent, maxQueued } = policyOf(call);
    if (this.#active < maxConcurrent && this.#queue.size === 0) {
      this.#active++;
      return undefined;
    }
    return mayWait && this.#queue.size < maxQueued ? this.#queue.wait(call) : 'full';
  }

  /** Makes a call that has its place. A stream keeps it until it is over; one that has no end of its own, until it is open. */
  async run(call: Call, next: Next): Promise<Reply> {
    let isHeld = false;
    try {
      const reply = await next(call);
      isHeld = reply.kind === 'many' && !call.method.policy.longLived;
      return isHeld ? tapReply(reply, { finished: () => this.#leave() }) : reply;
    } finally {
      if (!isHeld) this.#leave();
    }
  }

  #leave(): void {
    this.#active--;
    const { first } = this.#queue;
    if (!first || this.#active >= policyOf(first).maxConcurrent) return;
    this.#active++;
    this.#queue.shift().begin();
  }
}
