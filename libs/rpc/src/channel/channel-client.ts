import type { Hello } from '@millrace/contracts/channel';
import type { Call } from '../call.ts';
import type { CallObserver } from '../client-call.ts';
import { fromWireStatus } from '../grpc-status.ts';
import type { Reply } from '../interceptor.ts';
import { Code, RpcError } from '../status.ts';
import { ArrivingReplies } from './arriving-replies.ts';
import { CallWriter } from './call-writer.ts';
import { CarriedCall, type Carrier } from './carried-call.ts';
import { isCarried, longBytesFor, MAX_FRAME_BYTES, metadataBytesFor } from './channel-limits.ts';
import { DepartingCalls, type QueueLimits, type SentCalls } from './departing-calls.ts';
import { FrameError } from './frame-error.ts';
import { FrameSender } from './frame-sender.ts';
import { decodeHello, encodeHello, expectHello, VERSION } from './hello.ts';
import { MetadataReader } from './metadata-reader.ts';
import type { Pipe } from './pipe.ts';
import { REQUEST } from './request-frame.ts';
import { readDrain, readReply, RESPONSE, type ArrivedReply } from './response-frame.ts';
import { WireReader } from './wire-reader.ts';
import { writeBytes, writeNumber } from './wire-writer.ts';

/** What a client's end of a channel is made of. */
export interface ChannelClientOptions extends QueueLimits {
  readonly pipe: Pipe;
  /** The longest message that is taken or sent. */
  readonly messageBytes: number;
  /** It can be called from now on. */
  readonly onOpen: () => void;
  /** The server takes no more calls. */
  readonly onDrain: () => void;
  /** It has used up its ids and takes no more calls. */
  readonly onWorn: () => void;
  /** From this id on. Default 2^31 - 2^20: calls that wait then are still sent. */
  readonly wornId?: number | undefined;
  /** A call that was never begun, and goes another way. */
  readonly onStranded: (one: CarriedCall) => void;
  /** Nothing more will be sent: ends the stream, or breaks it off with why. */
  readonly end: (error?: FrameError) => void;
}

const NOTHING = Buffer.alloc(0);
/** Ids are 32 bits long and positive wherever they are read; there is room for what still waits. */
const WORN_ID = 2 ** 31 - 2 ** 20;

/** The client's end of a channel: sends calls, and takes their replies. */
export class ChannelClient implements Carrier {
  readonly #options: ChannelClientOptions;
  readonly #sender: FrameSender;
  readonly #metadata = new MetadataReader(0, MAX_FRAME_BYTES);
  readonly #sent: SentCalls = new Map();
  readonly #departing: DepartingCalls;
  readonly #arriving: ArrivingReplies;
  /** Places of the methods by their paths; undefined before the hello. */
  #methods: ReadonlyMap<string, number> | undefined;
  readonly #wornId: number;
  /** Calls up to here have been given to the stream. */
  #flushedId = 0;
  #isRetired = false;
  #isDrained = false;
  #isOver = false;

  constructor(options: ChannelClientOptions) {
    this.#options = options;
    this.#wornId = options.wornId ?? WORN_ID;
    const pipe: Pipe = {
      send: (frame, left) => {
        this.#flushedId = this.#departing.lastId;
        options.pipe.send(frame, left);
      },
    };
    const onRoom = (): void => this.#departing.pump();
    this.#sender = new FrameSender({ pipe, chunkTag: REQUEST.chunks, onRoom });
    this.#departing = new DepartingCalls(this.#sender, this.#sent, options);
    const { messageBytes } = options;
    this.#arriving = new ArrivingReplies(this.#sender, {
      messageBytes,
      longBytes: longBytesFor(messageBytes),
    });
  }

  /** Whether the server has said hello. */
  get isOpen(): boolean {
    return this.#methods !== undefined;
  }

  /** Whether it can carry the call now. */
  carries({ method }: Call): boolean {
    return !this.#isRetired && this.#methods?.has(method.path) === true && isCarried(method);
  }

  /** Sends a call that it carries. */
  send(call: Call, observer?: CallObserver): Promise<Reply> {
    const one = new CarriedCall(call, this, observer);
    this.#departing.send(one);
    if (this.#departing.lastId >= this.#wornId) this.#wearOut();
    return one.reply;
  }

  /** A frame has come. */
  receive(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#read(new WireReader(bytes));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#options.end(error);
      this.closed(new RpcError(Code.UNAVAILABLE, error.message, { reason: 'CHANNEL_BROKEN' }));
      return;
    }
    this.#departing.pump();
    this.#endWhenIdle();
  }

  /** Takes no more calls. The stream ends when those that it has are answered. */
  retire(): void {
    this.#isRetired = true;
    this.#endWhenIdle();
  }

  /** The stream has ended. Calls that it has not taken go another way, the others fail with `why`. */
  closed(why: RpcError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isRetired = true;
    this.#sender.close();
    const unsent = this.#departing.takeUnsent();
    const sent = [...this.#sent];
    const arriving = this.#arriving.clear();
    this.#sent.clear();
    for (const one of unsent) this.#options.onStranded(one);
    for (const [id, one] of sent) {
      if (one && id > this.#flushedId) this.#options.onStranded(one);
      else one?.fail(why, true);
    }
    for (const one of arriving) one.fail(why, true);
  }

  abandon(one: CarriedCall, why: RpcError): void {
    const { id } = one;
    this.#departing.leave(one);
    if (this.#sent.has(id)) {
      this.#sent.set(id, undefined);
      this.#cancel(id);
    } else if (this.#arriving.leave(one)) this.#cancel(id);
    const sent = id === 0 ? 'never' : 'maybe';
    one.fail(why.sent === sent ? why : why.with({ sent }));
    this.#endWhenIdle();
  }

  #wearOut(): void {
    if (this.#isRetired) return;
    this.retire();
    this.#options.onWorn();
  }

  #cancel(id: number): void {
    writeNumber(this.#sender.frame(), REQUEST.cancels, id);
    this.#sender.written();
  }

  #read(from: WireReader): void {
    while (from.more) {
      const tag = from.number();
      if (!this.#methods) expectHello(tag);
      if (tag === RESPONSE.replies) this.#takeReply(readReply(from, this.#metadata));
      else if (tag === RESPONSE.chunks) this.#arriving.takeChunk(from, this.#departing.lastId);
      else if (tag === RESPONSE.creditBytes) this.#sender.credit(from.number());
      else if (tag === RESPONSE.hello) this.#takeHello(decodeHello(from.block()));
      else if (tag === RESPONSE.drain) this.#takeDrain(readDrain(from));
      else from.skip(tag);
    }
  }

  #takeHello({ methods, limits }: Hello): void {
    if (this.#methods) throw new FrameError('a second hello');
    if (!limits) throw new FrameError('a hello without limits');
    const sender = this.#sender;
    const { messageBytes } = this.#options;
    this.#methods = new Map(methods.map((path, index) => [path, index]));
    const writer = new CallWriter({
      sender,
      methods: this.#methods,
      maxMessageBytes: Math.min(messageBytes, limits.messageBytes, limits.longBytes),
      maxMetadataBytes: Math.min(metadataBytesFor(messageBytes), limits.metadataBytes),
      slots: limits.slots,
    });
    this.#departing.open(writer, limits.calls);
    sender.open(limits.longBytes);
    const ours = {
      calls: 0,
      messageBytes,
      longBytes: longBytesFor(messageBytes),
      slots: 0,
      metadataBytes: 0,
    };
    writeBytes(sender.frame(), REQUEST.hello, encodeHello({ version: VERSION, methods: [], limits: ours }));
    sender.written();
    this.#options.onOpen();
  }

  #takeReply(reply: ArrivedReply): void {
    const { id, code, payload, longBytes } = reply;
    const one = this.#sent.get(id);
    if (!this.#sent.delete(id)) throw new FrameError('a reply to no call');
    if (code !== Code.OK) one?.fail(fromWireStatus(reply));
    else if (longBytes > 0) this.#arriving.begin(one, reply);
    else one?.succeed(payload ?? NOTHING, reply);
  }

  /** As GOAWAY: calls above `lastId` were never begun. */
  #takeDrain(lastId: number): void {
    if (this.#isDrained) return;
    this.#isDrained = true;
    this.#isRetired = true;
    this.#options.onDrain();
    for (const one of this.#departing.takeUnsent()) this.#options.onStranded(one);
    for (const [id, one] of this.#sent) {
      if (id <= lastId) continue;
      this.#sent.delete(id);
      if (!one) continue;
      this.#departing.leave(one);
      this.#options.onStranded(one);
    }
  }

  #endWhenIdle(): void {
    const open = this.#sent.size + this.#arriving.size + this.#departing.size;
    if (this.#isRetired && open === 0) this.#sender.whenEmpty(() => this.#options.end());
  }
}
