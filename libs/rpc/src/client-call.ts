import { Metadata, type Channel, type StatusObject } from '@grpc/grpc-js';
import type { Call, Traffic } from './call.ts';
import type { Undo } from './cancellation.ts';
import { fromGrpcMetadata, toGrpcMetadata } from './grpc-metadata.ts';
import { fromGrpcStatus, isConnectionLost } from './grpc-status.ts';
import { flagsOf, PlainMetadata } from './gzip-requests.ts';
import type { Reply } from './interceptor.ts';
import { leave } from './leave.ts';
import { MessageStream } from './message-stream.ts';
import { NO_METADATA, type ReadonlyMetadata } from './metadata.ts';
import { SendWindow } from './send-window.ts';
import { asRpcError, Code, RpcError } from './status.ts';
import { formatTimeout } from './timeout.ts';
import { timers, type Timer } from './timer-wheel.ts';

/** grpc-js's own call, below its clients and streams: the same for all four kinds. */
type GrpcCall = ReturnType<Channel['createCall']>;

/** Told how a call goes, as its connection sees it; each at most once. */
export interface CallObserver {
  /** The server's headers are here, of a call that it answers with a stream. */
  answered(): void;
  /** It is over; `lost` when not by the server's word but because the connection broke or was never made. */
  ended(error: RpcError | undefined, lost: boolean): void;
}

const CANCELLED = 1;

/**
 * How much of a stream is taken in before it is read, in bytes; a message counts for at least 64. When a stream fails, grpc-js throws
 * away what it has not handed over, so what has arrived is taken from it, within this bound.
 */
const AHEAD_BYTES = 64 * 1024;
const MESSAGE_BYTES = 64;

/**
 * One attempt of a call over grpc-js. Deadline and cancellation are kept here, on the monotonic clock; grpc-js gets neither.
 */
export class ClientCall {
  readonly #call: Call;
  readonly #traffic: Traffic;
  readonly #grpc: GrpcCall;
  readonly #observer: CallObserver | undefined;
  readonly #reply = Promise.withResolvers<Reply>();
  readonly #trailers = Promise.withResolvers<ReadonlyMetadata>();
  readonly #many: MessageStream | undefined;
  #message: unknown;
  #messageCount = 0;
  #headers: ReadonlyMetadata = NO_METADATA;
  #requests: AsyncIterator<unknown> | undefined;
  #window: SendWindow | undefined;
  /** The first message of a stream has gone, so that there is an HTTP/2 stream for the next. */
  #isOpen = false;
  #over = false;
  #alarm: Timer | undefined;
  #undo: Undo | undefined;

  /** Throws an RpcError when it cannot be sent at all. */
  constructor(channel: Channel, call: Call, observer?: CallObserver) {
    this.#call = call;
    this.#traffic = call.traffic;
    this.#observer = observer;
    const isStreamed = call.kind === 'serverStream' || call.kind === 'bidi';
    if (isStreamed) {
      const source = { pull: () => this.#grpc.startRead(), leave: () => this.#leave() };
      this.#many = new MessageStream(source, AHEAD_BYTES);
    }
    const first =
      call.kind === 'unary' || call.kind === 'serverStream' ? this.#encode(call.request) : undefined;
    const aboveBytes = call.method.policy.compressAboveBytes;
    const isGzip = (first ? first.byteLength : Infinity) > aboveBytes;
    const metadata = toGrpcMetadata(call.metadata, isGzip ? new Metadata() : new PlainMetadata());
    this.#setTimeout(metadata);
    this.#grpc = channel.createCall(call.method.path, Infinity, null, null, null);
    this.#grpc.start(metadata, this);
    if (this.#many) this.#many.open();
    else this.#grpc.startRead();
    if (first) {
      this.#grpc.sendMessageWithContext({ flags: this.#flagsOf(first) }, first);
      this.#grpc.halfClose();
    } else if (call.requests) void this.#pump(call.requests);
    else this.#grpc.halfClose();
    this.#alarm = timers.at(call.deadlineMs, () => this.#expire());
    this.#undo = call.onCancel((why) => this.#abandon(why));
  }

  get reply(): Promise<Reply> {
    return this.#reply.promise;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#headers = fromGrpcMetadata(metadata);
    if (!this.#many) return;
    this.#observer?.answered();
    this.#answerMany(this.#many);
  }

  onReceiveMessage(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#messageCount += 1;
    this.#traffic.receivedBytes += bytes.byteLength;
    let message: unknown;
    try {
      message = this.#call.method.response.decode(bytes);
    } catch (cause) {
      this.#abandon(new RpcError(Code.INTERNAL, 'the reply cannot be read', { cause }));
      return;
    }
    if (this.#many) {
      this.#many.push(message, Math.max(bytes.byteLength, MESSAGE_BYTES));
      return;
    }
    this.#message = message;
    this.#grpc.startRead();
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#over) return;
    const trailers = fromGrpcMetadata(status.metadata);
    if (status.code !== Code.OK) {
      const error = fromGrpcStatus(status, this.#isOnWire());
      this.#finish(error, trailers, isConnectionLost(error, status));
    } else if (this.#many) {
      this.#answerMany(this.#many);
      this.#finish(undefined, trailers);
    } else if (this.#messageCount !== 1) {
      const message = `the server sent ${this.#messageCount} replies instead of one`;
      this.#finish(new RpcError(Code.UNIMPLEMENTED, message), trailers);
    } else {
      this.#reply.resolve({ kind: 'one', message: this.#message, headers: this.#headers, trailers });
      this.#finish(undefined, trailers);
    }
  }

  #answerMany(messages: MessageStream): void {
    this.#reply.resolve({
      kind: 'many',
      messages,
      headers: this.#headers,
      trailers: this.#trailers.promise,
    });
  }

  /** With one message sent, grpc-js knows the connection only once the call is on it; before that, nobody has seen it. */
  #isOnWire(): boolean {
    return this.#grpc.getAuthContext() !== null;
  }

  /** On its way to the connection, where grpc-js does not look whether it has been cancelled. */
  #isStarting(): boolean {
    return (this.#grpc as unknown as { readonly child: object | null }).child === null;
  }

  #encode(message: unknown): Buffer {
    try {
      const bytes = this.#call.method.request.encode(message);
      this.#traffic.sentBytes += bytes.length;
      return bytes;
    } catch (cause) {
      throw new RpcError(Code.INTERNAL, 'the request cannot be written', { sent: 'never', cause });
    }
  }

  #setTimeout(metadata: Metadata): void {
    const { deadlineMs } = this.#call;
    if (deadlineMs === Infinity) return;
    metadata.set('grpc-timeout', formatTimeout(deadlineMs - performance.now()));
  }

  async #pump(requests: AsyncIterable<unknown>): Promise<void> {
    try {
      const iterator = requests[Symbol.asyncIterator]();
      this.#requests = iterator;
      const window = (this.#window = new SendWindow(this.#sendMessage));
      for (;;) {
        const { done, value } = await iterator.next();
        if (this.#over) return;
        if (done) break;
        const full = this.#write(window, this.#encode(value));
        if (full) await full;
        if (this.#over) return;
      }
      this.#requests = undefined;
      // Told to end while several messages pass its filters, grpc-js ends the stream after the first of them.
      await window.emptied();
      if (this.#over) return;
      this.#grpc.halfClose();
    } catch (error) {
      this.#requests = undefined;
      this.#abandon(asRpcError(error));
    }
  }

  /**
   * Alone goes the first, because grpc-js keeps just one message for a connection that it waits for, and what it compresses, because
   * the next would overtake it.
   */
  #write(window: SendWindow, bytes: Buffer): Promise<void> | undefined {
    if (this.#isOpen && this.#flagsOf(bytes) !== 0) return window.send(bytes);
    this.#isOpen = true;
    return window.sendAlone(bytes);
  }

  readonly #sendMessage = (bytes: Buffer, left: () => void): void => {
    this.#grpc.sendMessageWithContext({ callback: left, flags: this.#flagsOf(bytes) }, bytes);
  };

  #flagsOf(bytes: Buffer): number {
    return flagsOf(bytes, this.#call.method.policy.compressAboveBytes);
  }

  #expire(): void {
    this.#abandon(new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline passed'));
  }

  #leave(): void {
    this.#abandon(new RpcError(Code.CANCELLED, 'the reader left'));
  }

  /** This side gives up: tells the server, and the caller why. */
  #abandon(why: RpcError): void {
    if (this.#over) return;
    this.#over = true;
    const streams = this.#call.kind === 'clientStream' || this.#call.kind === 'bidi';
    // Of a call that streams its requests grpc-js does not say whether it has left before an answer came.
    const isStarting = this.#isStarting();
    const sent = streams || isStarting || this.#isOnWire() ? 'maybe' : 'never';
    const error = why.sent === sent ? why : why.with({ sent });
    this.#many?.fail(error);
    this.#finish(error, NO_METADATA);
    const cancel = (): void => this.#grpc.cancelWithStatus(CANCELLED, why.message);
    cancel();
    if (isStarting) setImmediate(cancel);
  }

  #finish(error: RpcError | undefined, trailers: ReadonlyMetadata, lost = false): void {
    this.#over = true;
    this.#observer?.ended(error, lost);
    this.#alarm?.stop();
    this.#undo?.();
    this.#trailers.resolve(trailers);
    if (error) this.#reply.reject(error);
    this.#many?.end(error);
    this.#window?.close();
    leave(this.#requests);
  }
}
