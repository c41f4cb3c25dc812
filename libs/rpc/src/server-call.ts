import { Metadata, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Method } from '@millrace/contracts';
import { Call, type Traffic } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { Context, runInContext } from './context.ts';
import { fromGrpcMetadata, toGrpcMetadata } from './grpc-metadata.ts';
import { toGrpcStatus } from './grpc-status.ts';
import type { Reply } from './interceptor.ts';
import { leave } from './leave.ts';
import { MessageStream } from './message-stream.ts';
import type { ReadonlyMetadata } from './metadata.ts';
import { cutShort, endsInsideMessage } from './request-end.ts';
import { SendWindow } from './send-window.ts';
import type { Arrival, OpenCall, ServerCalls } from './server-calls.ts';
import { asRpcError, Code, RpcError } from './status.ts';
import { parseTimeout } from './timeout.ts';
import { timers, type Timer } from './timer-wheel.ts';
import { unpack } from './unpack.ts';
import { Unread } from './unread.ts';
import { TIMEOUT_KEY } from './wire.ts';

/** One call on the server, of any kind, on grpc-js's innermost call: between its HTTP/2 stream and the interceptors. */
export class ServerCall implements OpenCall {
  readonly #arrival: Arrival;
  readonly #method: Method;
  readonly #grpc: ServerInterceptingCallInterface;
  readonly #calls: ServerCalls;
  readonly #cancellation = new Cancellation();
  readonly #traffic: Traffic = { sentBytes: 0, receivedBytes: 0 };
  #metadata = new Metadata();
  #deadlineMs = Infinity;
  #alarm: Timer | undefined;
  #request: Uint8Array | undefined;
  #requests: MessageStream | undefined;
  #answers: AsyncIterator<unknown> | undefined;
  #window: SendWindow | undefined;
  #isRefused = false;
  #over = false;

  /** Answers go to `grpc`, which may be the innermost call or stand before it. */
  constructor(arrival: Arrival, grpc: ServerInterceptingCallInterface, calls: ServerCalls) {
    this.#arrival = arrival;
    this.#method = arrival.method;
    this.#grpc = grpc;
    this.#calls = calls;
  }

  get isWatch(): boolean {
    return this.#method.kind === 'serverStream' && this.#method.policy.longLived;
  }

  cancel(why: RpcError): void {
    this.#cancellation.cancel(why);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#calls.open.add(this);
    this.#cancellation.onCancel((why) => this.#finish(why));
    this.#metadata = metadata;
    if (!this.#readTimeout()) return;
    if (this.#isStreamed) {
      this.#requests = new MessageStream({ pull: () => this.#grpc.startRead(), leave: () => undefined });
      this.#begin(undefined);
    } else this.#grpc.startRead();
  }

  onReceiveMessage(bytes: Uint8Array): void {
    if (this.#over || this.#isRefused) return;
    this.#traffic.receivedBytes += bytes.byteLength;
    if (this.#requests) this.#receive(this.#requests, bytes);
    else if (this.#request) this.#refuse(new RpcError(Code.UNIMPLEMENTED, 'a second request message'));
    else {
      this.#request = bytes;
      this.#grpc.startRead();
    }
  }

  onReceiveHalfClose(): void {
    if (this.#over || this.#isRefused) return;
    const bytes = this.#request;
    if (this.#requests) this.#endRequests(this.#requests);
    else if (endsInsideMessage(this.#arrival.source)) this.#refuse(cutShort());
    else if (!bytes) this.#refuse(new RpcError(Code.UNIMPLEMENTED, 'no request message'));
    else this.#begin(new Unread(() => this.#decode(bytes)));
  }

  /** grpc-js calls it at the end of every call, well or not. */
  onCancel(): void {
    if (!this.#over) this.cancel(new RpcError(Code.CANCELLED, 'the caller left'));
  }

  get #isStreamed(): boolean {
    return this.#method.kind === 'clientStream' || this.#method.kind === 'bidi';
  }

  #readTimeout(): boolean {
    const [header] = this.#metadata.get(TIMEOUT_KEY);
    if (header === undefined) return true;
    this.#metadata.remove(TIMEOUT_KEY);
    const timeoutMs = parseTimeout(String(header));
    if (timeoutMs === undefined) {
      const why = new RpcError(Code.INVALID_ARGUMENT, 'grpc-timeout is not a duration');
      if (this.#isStreamed) this.cancel(why);
      else this.#refuse(why);
      return false;
    }
    this.#deadlineMs = performance.now() + timeoutMs;
    this.#alarm = timers.at(this.#deadlineMs, () =>
      this.cancel(new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline passed')),
    );
    return true;
  }

  /** A request that is none: its call goes the way of all calls, so that it is counted and logged, and fails when it is read. */
  #refuse(why: RpcError): void {
    this.#isRefused = true;
    this.#begin(
      new Unread(() => {
        throw why.with({ sent: 'refused' });
      }),
    );
  }

  #decode(bytes: Uint8Array): unknown {
    const { encoding } = this.#arrival;
    const maxBytes = this.#calls.maxMessageBytes;
    const plain = encoding === undefined ? bytes : unpack(bytes, { encoding, maxBytes });
    try {
      return this.#method.request.decode(plain);
    } catch (cause) {
      throw new RpcError(Code.INVALID_ARGUMENT, 'the request cannot be read', { sent: 'refused', cause });
    }
  }

  #receive(requests: MessageStream, bytes: Uint8Array): void {
    try {
      requests.push(this.#decode(bytes));
    } catch (error) {
      requests.fail(asRpcError(error));
    }
  }

  /**
   * Node's HTTP/2 client ends a stream before it resets it, so a call that was cancelled looks complete for a moment: a handler
   * would take half of the requests for all of them. Both frames come in one read; the reset is known after it.
   */
  #endRequests(requests: MessageStream): void {
    setImmediate(() => {
      if (!this.#over && endsInsideMessage(this.#arrival.source)) requests.fail(cutShort());
      else requests.end();
    });
  }

  #begin(request: unknown): void {
    const { peer } = this.#arrival;
    const context = new Context({ deadlineMs: this.#deadlineMs }, this.#cancellation);
    const call = new Call(
      {
        side: 'server',
        method: this.#method,
        cancellation: this.#cancellation,
        peer: peer.address,
        peerIdentity: peer.identity,
        traffic: this.#traffic,
      },
      {
        request,
        requests: this.#requests,
        metadata: fromGrpcMetadata(this.#metadata),
        deadlineMs: this.#deadlineMs,
        attempt: 0,
        context,
      },
    );
    runInContext(context, () => this.#calls.handle(call)).then(
      (reply) => this.#answer(reply),
      (error: unknown) => this.#finish(asRpcError(error)),
    );
  }

  #answer(reply: Reply): void {
    if (reply.kind === 'many') {
      const answers = reply.messages[Symbol.asyncIterator]();
      if (this.#over) {
        leave(answers, this.#cancellation.why);
        return;
      }
      this.#answers = answers;
      void this.#pump(answers, reply);
      return;
    }
    if (this.#over) return;
    try {
      const bytes = this.#encode(reply.message);
      this.#sendHeaders(reply.headers);
      this.#grpc.sendMessage(bytes, () => undefined);
      this.#finish(undefined, reply.trailers);
    } catch (error) {
      this.#finish(asRpcError(error));
    }
  }

  async #pump(answers: AsyncIterator<unknown>, reply: Reply): Promise<void> {
    try {
      this.#sendHeaders(reply.headers);
      const window = (this.#window = new SendWindow((bytes, left) => this.#grpc.sendMessage(bytes, left)));
      for (;;) {
        const { done, value } = await answers.next();
        if (this.#over) return;
        if (done) break;
        const full = window.send(this.#encode(value));
        if (full) await full;
      }
      this.#answers = undefined;
      this.#finish(undefined, await reply.trailers);
    } catch (error) {
      this.#finish(asRpcError(error));
    }
  }

  #encode(message: unknown): Buffer {
    const bytes = this.#method.response.encode(message);
    this.#traffic.sentBytes += bytes.length;
    return bytes;
  }

  /** Of a stream they leave at once, so that its caller knows it was accepted. */
  #sendHeaders(headers: ReadonlyMetadata): void {
    this.#grpc.sendMetadata(toGrpcMetadata(headers));
  }

  #finish(error: RpcError | undefined, trailers?: ReadonlyMetadata): void {
    if (this.#over) return;
    // Throws where there is something that cannot be sent: then it is not over.
    const metadata = trailers ? toGrpcMetadata(trailers) : null;
    this.#over = true;
    this.#alarm?.stop();
    this.#calls.open.delete(this);
    if (error) {
      this.#requests?.fail(error);
      this.#grpc.sendStatus(toGrpcStatus(error));
    } else {
      this.#grpc.sendStatus({ code: Code.OK, details: '', metadata });
      leave(this.#requests);
    }
    this.#window?.close();
    leave(this.#answers, error);
  }
}
