import type { ServerHttp2Stream } from 'node:http2';
import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import { ServerInterceptingCall, type Metadata, type ServerInterceptingCallInterface } from '@grpc/grpc-js';

const gzip = promisify(gzipWithCallback);
const HEAD_BYTES = 5;
const OK = 0;

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Between which sizes replies are compressed. */
export interface GzipSizes {
  readonly aboveBytes: number;
  /** Longer ones are left to grpc-js, which refuses to send them. */
  readonly maxBytes: number;
}

/** Whether the caller can read gzip, by its `grpc-accept-encoding`. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  return header !== undefined && /(^|,)\s*gzip\s*(,|$)/.test(String(header));
}

/** A gRPC frame with the message compressed; undefined where that would not make it shorter. */
async function compress(message: Buffer): Promise<Buffer | undefined> {
  const bytes = await gzip(message, { level: 1 });
  if (bytes.byteLength >= message.byteLength) return undefined;
  const frame = Buffer.allocUnsafe(HEAD_BYTES + bytes.byteLength);
  frame.writeUInt8(1, 0);
  frame.writeUInt32BE(bytes.byteLength, 1);
  bytes.copy(frame, HEAD_BYTES);
  return frame;
}

/**
 * Sends long replies compressed, which grpc-js's server does not do: it writes frames to the call's HTTP/2 stream, and so does this. Off the event
 * loop, whatever the size: a message worth compressing takes longer to compress than to hand over. The order of messages stays.
 */
export class GzipReplies extends ServerInterceptingCall {
  readonly #grpc: ServerInterceptingCallInterface;
  readonly #stream: ServerHttp2Stream;
  readonly #sizes: GzipSizes;
  #last: Promise<void> | undefined;
  #failed = false;

  constructor(grpc: ServerInterceptingCallInterface, stream: ServerHttp2Stream, sizes: GzipSizes) {
    super(grpc);
    this.#grpc = grpc;
    this.#stream = stream;
    this.#sizes = sizes;
  }

  override sendMetadata(metadata: Metadata): void {
    metadata.set('grpc-encoding', 'gzip');
    this.#grpc.sendMetadata(metadata);
  }

  override sendMessage(message: Buffer, sent: () => void): void {
    const { aboveBytes, maxBytes } = this.#sizes;
    const isLong = message.byteLength > aboveBytes && message.byteLength <= maxBytes;
    if (!isLong && !this.#last) {
      this.#grpc.sendMessage(message, sent);
      return;
    }
    const turn = this.#sendInTurn(message, isLong, sent);
    this.#last = turn;
    void turn.then(() => {
      if (this.#last === turn) this.#last = undefined;
    });
  }

  /** That all went well comes after the last message; a failure does not wait. */
  override sendStatus(status: Status): void {
    if (status.code === OK && this.#last) void this.#last.then(() => this.#grpc.sendStatus(status));
    else {
      this.#failed = true;
      this.#grpc.sendStatus(status);
    }
  }

  async #sendInTurn(message: Buffer, isLong: boolean, sent: () => void): Promise<void> {
    const before = this.#last;
    const frame = isLong ? await compress(message) : undefined;
    await before;
    if (this.#failed || this.#stream.destroyed) return;
    if (frame) this.#stream.write(frame, () => sent());
    else this.#grpc.sendMessage(message, sent);
  }
}
