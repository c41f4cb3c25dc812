import type { Method } from '@millrace/contracts';
import type { Reply } from '../interceptor.ts';
import type { OpenCall, Peer, ServerCalls } from '../server-calls.ts';
import { asRpcError, Code, RpcError } from '../status.ts';
import { timers } from '../timer-wheel.ts';
import { Assembly, readChunk } from './assembly.ts';
import { longestFrame, SLOTS, type ChannelLimits } from './channel-limits.ts';
import { FrameError } from './frame-error.ts';
import { FrameSender } from './frame-sender.ts';
import { HeldCalls } from './held-calls.ts';
import { decodeHello, encodeHello, expectHello, VERSION } from './hello.ts';
import { CHUNK_BYTES } from './long-payloads.ts';
import { MetadataReader } from './metadata-reader.ts';
import type { Pipe } from './pipe.ts';
import { ReplyWriter } from './reply-writer.ts';
import { readCall, REQUEST, type ArrivedCall } from './request-frame.ts';
import { RESPONSE, writeDrain } from './response-frame.ts';
import { ServedCall, type Answers } from './served-call.ts';
import { cutShort } from '../request-end.ts';
import { WireReader } from './wire-reader.ts';
import { writeBytes, writeNumber } from './wire-writer.ts';

/** What a server's end of a channel is made of. */
export interface ChannelServerOptions {
  readonly pipe: Pipe;
  /** Ends the stream: well, or with why not. */
  readonly end: (error?: RpcError) => void;
  readonly peer: Peer;
  /** What can be called. */
  readonly methods: readonly Method[];
  readonly calls: ServerCalls;
  readonly limits: ChannelLimits;
}

/** The server's end of a channel: gives the calls that come to the interceptors and handlers, and sends their replies. */
export class ChannelServer implements Answers, OpenCall {
  readonly isWatch = false;
  readonly #options: ChannelServerOptions;
  readonly #open = new Map<number, ServedCall>();
  readonly #metadata: MetadataReader;
  readonly #sender: FrameSender;
  readonly #replies: ReplyWriter;
  readonly #held: HeldCalls;
  /** What is left of the room for long requests. */
  #roomBytes: number;
  #lastId = 0;
  #hasHello = false;
  #isDraining = false;
  #isOver = false;

  /** Says hello. */
  constructor(options: ChannelServerOptions) {
    this.#options = options;
    const onRoom = (): void => this.#held.release();
    this.#sender = new FrameSender({ pipe: options.pipe, chunkTag: RESPONSE.chunks, onRoom });
    this.#replies = new ReplyWriter(this.#sender);
    this.#held = new HeldCalls(this.#sender, options.limits.longBytes, (call, payload) => {
      if (this.#open.get(call.id) === call) call.begin(payload, options.calls.handle, options.peer);
    });
    this.#metadata = new MetadataReader(SLOTS, options.limits.metadataBytes);
    this.#roomBytes = options.limits.longBytes;
    options.calls.open.add(this);
    const { calls, messageBytes, longBytes, metadataBytes } = options.limits;
    const methods = options.methods.map(({ path }) => path);
    const limits = { calls, messageBytes, longBytes, metadataBytes, slots: SLOTS };
    writeBytes(this.#sender.frame(), RESPONSE.hello, encodeHello({ version: VERSION, methods, limits }));
    this.#sender.written();
  }

  /** A frame has come. */
  receive(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      if (bytes.length > longestFrame(this.#options.limits.metadataBytes))
        throw new FrameError('a frame is too long', Code.RESOURCE_EXHAUSTED);
      this.#read(new WireReader(bytes), performance.now());
      this.#held.release();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#fail(new RpcError(error.code, error.message));
    }
  }

  /** The client has no more calls; `isCut` when it has ended inside a frame. */
  receiveEnd(isCut: boolean): void {
    if (isCut) {
      this.#fail(cutShort());
      return;
    }
    this.#isDraining = true;
    // What is missing of these will never come.
    for (const call of this.#open.values()) if (call.assembly) call.cancel(cutShort());
    this.#endWhenIdle();
  }

  /** The stream has ended, whoever has ended it. */
  closed(): void {
    this.#close(new RpcError(Code.CANCELLED, 'the caller left'));
  }

  /** Takes no more calls; the stream ends with the last one that runs. */
  drain(): void {
    if (this.#isDraining || this.#isOver) return;
    this.#isDraining = true;
    writeDrain(this.#sender.frame(), this.#lastId);
    this.#sender.written();
    this.#endWhenIdle();
  }

  /** Ends all its calls with this status, and then the stream. */
  cancel(why: RpcError): void {
    this.drain();
    for (const call of this.#open.values()) call.cancel(why);
  }

  answer(call: ServedCall, reply: Reply): void {
    if (this.#open.get(call.id) !== call) return;
    try {
      if (reply.kind === 'many')
        throw new Error(`${call.method.path}: an interceptor answered with a stream`);
      call.traffic.sentBytes = this.#replies.answer(call, reply);
      this.#settled(call);
    } catch (error) {
      this.fail(call, asRpcError(error));
    }
  }

  fail(call: ServedCall, error: RpcError): void {
    if (this.#open.get(call.id) !== call) return;
    this.#replies.fail(call, error);
    this.#settled(call);
  }

  #settled(call: ServedCall): void {
    call.stop();
    this.#open.delete(call.id);
    if (call.longBytes > 0) {
      this.#roomBytes += call.longBytes;
      writeNumber(this.#sender.frame(), RESPONSE.creditBytes, call.longBytes);
      this.#sender.written();
    }
    if (this.#isDraining) this.#endWhenIdle();
  }

  #read(from: WireReader, nowMs: number): void {
    while (from.more) {
      const tag = from.number();
      if (!this.#hasHello) expectHello(tag);
      if (tag === REQUEST.calls) this.#take(readCall(from, this.#metadata), nowMs);
      else if (tag === REQUEST.chunks) this.#takeChunk(from);
      else if (tag === REQUEST.cancels) this.#takeCancel(from.number());
      else if (tag === REQUEST.creditBytes) this.#sender.credit(from.number());
      else if (tag === REQUEST.hello) this.#takeHello(from.block());
      else from.skip(tag);
    }
  }

  #takeHello(bytes: Buffer): void {
    if (this.#hasHello) throw new FrameError('a second hello');
    this.#hasHello = true;
    const { limits } = decodeHello(bytes);
    const own = this.#options.limits;
    const longBytes = Math.min(limits?.longBytes ?? 0, own.longBytes);
    this.#replies.maxMessageBytes = Math.min(limits?.messageBytes ?? 0, own.messageBytes, longBytes);
    this.#sender.open(longBytes);
  }

  #take(arrived: ArrivedCall, nowMs: number): void {
    const { id, payload, longBytes } = arrived;
    const { methods, limits } = this.#options;
    if (id <= this.#lastId) throw new FrameError('an id that does not rise');
    const method = methods[arrived.method];
    if (!method) throw new FrameError('a method that is not in the table');
    if (payload && payload.length > Math.min(CHUNK_BYTES, limits.messageBytes)) {
      throw new FrameError('a payload that should come in chunks', Code.RESOURCE_EXHAUSTED);
    }
    // After a drain its client sends it elsewhere.
    if (this.#isDraining) return;
    this.#lastId = id;
    if (this.#open.size >= limits.calls) throw new FrameError('too many calls', Code.RESOURCE_EXHAUSTED);
    // Who reads its replies has no more of them on their way than it may have calls, and of credits as many.
    if (this.#sender.waitingFields > 2 * limits.calls)
      throw new FrameError('replies are not read', Code.RESOURCE_EXHAUSTED);
    const call = new ServedCall(arrived, method, { nowMs, answers: this });
    this.#open.set(id, call);
    timers.set(call, call.deadlineMs);
    if (longBytes > 0) this.#reserve(call, longBytes);
    else this.#held.add(call, payload ?? NOTHING);
  }

  #reserve(call: ServedCall, bytes: number): void {
    const { messageBytes } = this.#options.limits;
    if (bytes > messageBytes) throw new FrameError('a message that is too long', Code.RESOURCE_EXHAUSTED);
    if (bytes > this.#roomBytes) throw new FrameError('more than there is room for', Code.RESOURCE_EXHAUSTED);
    this.#roomBytes -= bytes;
    call.longBytes = bytes;
    call.assembly = new Assembly(bytes);
  }

  #takeChunk(from: WireReader): void {
    const { id, data } = readChunk(from);
    const call = this.#open.get(id);
    // Of one that is over, they may still be on their way.
    if (!call && id <= this.#lastId) return;
    if (this.#isDraining && !call) return;
    if (!call?.assembly) throw new FrameError('a chunk of no call');
    const whole = call.assembly.add(data);
    if (!whole) return;
    call.assembly = undefined;
    this.#held.add(call, whole);
  }

  #takeCancel(id: number): void {
    const call = this.#open.get(id);
    if (call) call.cancel(new RpcError(Code.CANCELLED, 'the caller left'));
    else if (id > this.#lastId && !this.#isDraining) throw new FrameError('a cancel of no call');
    else this.#replies.leave(id);
  }

  #endWhenIdle(): void {
    if (this.#open.size > 0 || this.#isOver) return;
    this.#sender.whenEmpty(() => {
      if (this.#open.size > 0) return;
      this.#options.end();
      this.closed();
    });
  }

  #fail(error: RpcError): void {
    this.#options.end(error);
    this.#close(error);
  }

  #close(why: RpcError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sender.close();
    this.#options.calls.open.delete(this);
    const calls = [...this.#open.values()];
    this.#open.clear();
    for (const call of calls) {
      call.stop();
      call.cancel(why);
    }
  }
}

const NOTHING = Buffer.alloc(0);
