import { MessageStream } from '@millrace/rpc';

/** A stream that a test fills as it goes. */
export interface Feed<T> {
  readonly messages: MessageStream & AsyncIterable<T>;
  push(message: T): void;
  /** After what was pushed comes nothing, or this error. */
  end(error?: unknown): void;
  /** Its reader has left. */
  readonly left: Promise<void>;
}

export function createFeed<T = unknown>(): Feed<T> {
  const left = Promise.withResolvers<void>();
  const stream = new MessageStream({ pull: () => undefined, leave: () => left.resolve() });
  return {
    messages: stream as MessageStream & AsyncIterable<T>,
    push: (message) => stream.push(message),
    end: (error) => stream.end(error),
    left: left.promise,
  };
}
