import { setImmediate } from 'node:timers/promises';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describeService } from '@millrace/contracts';
import {
  OpenRequestSchema,
  OpenResponseSchema,
  type OpenRequest,
  type OpenResponse,
} from '@millrace/contracts/channel';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient, type Client } from '../bare-client.ts';
import type { CarriedCall } from '../channel/carried-call.ts';
import { ChannelClient, type ChannelClientOptions } from '../channel/channel-client.ts';
import { isCarried, SLOTS } from '../channel/channel-limits.ts';
import { ChannelServer, type ChannelServerOptions } from '../channel/channel-server.ts';
import type { Pipe } from '../channel/pipe.ts';
import { createHandle } from '../handle.ts';
import { implement, type Handlers } from '../handlers.ts';
import { RpcError } from '../status.ts';
import { echo } from './echo.ts';

const METHODS = Object.values(describeService(EchoService).methods).filter(isCarried);
/** Of the rig's methods that can be carried: a call names them by their place. */
export const PATHS: readonly string[] = METHODS.map(({ path }) => path);
const MEBIBYTE = 1024 * 1024;
const MESSAGE_BYTES = 4 * MEBIBYTE;
const LONG_BYTES = 16 * MEBIBYTE;

/** Keeps what is sent. It leaves by itself, or when it is told. */
export class KeptPipe implements Pipe {
  frames: Buffer[] = [];
  isStuck = false;
  readonly #stuck: (() => void)[] = [];

  send(frame: Buffer, left: () => void): void {
    this.frames.push(Buffer.from(frame));
    if (this.isStuck) this.#stuck.push(left);
    else queueMicrotask(left);
  }

  /** Lets the oldest of those go that are stuck. */
  release(count = 1): void {
    for (const left of this.#stuck.splice(0, count)) left();
  }

  /** Takes out what has been sent, after what is due. */
  async take(): Promise<Buffer[]> {
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    return this.frames.splice(0);
  }
}

/** One end of a channel, without a network: the test is the other end, and speaks by protobuf-es. */
export interface ServerEnd {
  readonly channel: ChannelServer;
  readonly pipe: KeptPipe;
  /** Each time the stream was ended: why not well, or undefined. */
  readonly ended: readonly (RpcError | undefined)[];
  send(frame: MessageInitShape<typeof OpenRequestSchema>): void;
  take(): Promise<OpenResponse[]>;
}

/** A server's end, whose methods are those of the rig's server. It has said hello, and heard one if `hello` is not false. */
export function createServerEnd(
  handlers: Partial<Handlers<typeof EchoService>> = {},
  { hello = true, ...limits }: Partial<ChannelServerOptions['limits']> & { readonly hello?: boolean } = {},
): ServerEnd {
  const pipe = new KeptPipe();
  const ended: (RpcError | undefined)[] = [];
  const channel = new ChannelServer({
    pipe,
    end: (error) => void ended.push(error),
    peer: { address: 'test:1', identity: undefined },
    methods: METHODS,
    calls: {
      handle: createHandle([implement(EchoService, { ...echo, ...handlers })]),
      open: new Set(),
      maxMessageBytes: MESSAGE_BYTES,
    },
    limits: {
      calls: 1_000,
      messageBytes: MESSAGE_BYTES,
      metadataBytes: 16 * 1024,
      longBytes: LONG_BYTES,
      ...limits,
    },
  });
  const send: ServerEnd['send'] = (frame) =>
    channel.receive(Buffer.from(toBinary(OpenRequestSchema, create(OpenRequestSchema, frame))));
  if (hello) {
    send({ hello: { version: 1, limits: { messageBytes: MESSAGE_BYTES, longBytes: LONG_BYTES } } });
  }
  const take = async (): Promise<OpenResponse[]> =>
    (await pipe.take()).map((frame) => fromBinary(OpenResponseSchema, frame));
  return { channel, pipe, ended, send, take };
}

/** A client's end of a channel, without a network: the test is the server, and speaks by protobuf-es. */
export interface ClientEnd {
  readonly channel: ChannelClient;
  readonly client: Client<typeof EchoService>;
  readonly pipe: KeptPipe;
  /** What it has told, in order: `open`, `drain`, `worn`, `end`, or why it broke the stream off. */
  readonly told: readonly string[];
  readonly stranded: readonly CarriedCall[];
  send(frame: MessageInitShape<typeof OpenResponseSchema>): void;
  take(): Promise<OpenRequest[]>;
}

/** What its server says first. */
export const HELLO = {
  version: 1,
  methods: [...PATHS],
  limits: {
    calls: 1_000,
    messageBytes: MESSAGE_BYTES,
    longBytes: LONG_BYTES,
    slots: SLOTS,
    metadataBytes: 16 * 1024,
  },
};

/** A client's end. It has heard a hello if `hello` is not false. */
export function createClientEnd({
  hello = true,
  ...options
}: Partial<ChannelClientOptions> & { readonly hello?: boolean } = {}): ClientEnd {
  const pipe = new KeptPipe();
  const told: string[] = [];
  const stranded: CarriedCall[] = [];
  const channel = new ChannelClient({
    pipe,
    messageBytes: MESSAGE_BYTES,
    maxQueued: 10_000,
    maxQueuedMs: 1_000,
    onOpen: () => told.push('open'),
    onDrain: () => told.push('drain'),
    onWorn: () => told.push('worn'),
    onStranded: (one) => stranded.push(one),
    end: (error) => told.push(error?.message ?? 'end'),
    ...options,
  });
  const next = (call: Parameters<ChannelClient['send']>[0]) =>
    channel.carries(call) ? channel.send(call) : Promise.reject(new RpcError(12, 'it is not carried'));
  const send: ClientEnd['send'] = (frame) =>
    channel.receive(Buffer.from(toBinary(OpenResponseSchema, create(OpenResponseSchema, frame))));
  if (hello) send({ hello: HELLO });
  const take = async (): Promise<OpenRequest[]> =>
    (await pipe.take()).map((frame) => fromBinary(OpenRequestSchema, frame));
  return {
    channel,
    client: createBareClient(EchoService, { transport: { next } }),
    pipe,
    told,
    stranded,
    send,
    take,
  };
}
