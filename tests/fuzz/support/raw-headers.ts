import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { RawAnswer } from '@millrace/rpc/testing';

/** Headers as they stand on the wire: any names and values, in any order, any number of times. */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const MAX_FRAME_BYTES = 16_384;
const HEADERS = 1;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;

/** RFC 7541, 6.2.2: a literal that is not indexed, its text as it is. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function encode(headers: RawHeaders): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.alloc(1), literal(name), literal(value)]));
}

function frameOf(
  type: number,
  { flags, id, payload }: { flags: number; id: number; payload: Buffer },
): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** A HEADERS frame, and as many CONTINUATION frames as it needs. */
function headerFrames(block: Buffer, { id, endsStream }: { id: number; endsStream: boolean }): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
    const payload = block.subarray(at, at + MAX_FRAME_BYTES);
    const isLast = at + MAX_FRAME_BYTES >= block.length;
    const flags = (isLast ? END_HEADERS : 0) | (at === 0 && endsStream ? END_STREAM : 0);
    frames.push(frameOf(at === 0 ? HEADERS : CONTINUATION, { flags, id, payload }));
  }
  return Buffer.concat(frames);
}

/** The connection of an HTTP/2 client, on which other headers leave than it has written. */
class OtherHeaders extends Duplex {
  readonly #socket: Socket;
  readonly #block: Buffer;
  #unsent = Buffer.alloc(0);
  #isPrefaceSent = false;

  constructor(socket: Socket, block: Buffer) {
    super();
    this.#socket = socket;
    this.#block = block;
    socket.on('data', (chunk) => this.push(chunk));
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.push(null));
  }

  override _read(): void {
    // What comes is pushed as it comes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#unsent = Buffer.concat([this.#unsent, chunk]);
    if (!this.#isPrefaceSent && this.#unsent.length >= PREFACE_BYTES) {
      this.#isPrefaceSent = true;
      this.#socket.write(this.#take(PREFACE_BYTES));
    }
    while (this.#isPrefaceSent && this.#unsent.length >= FRAME_HEAD_BYTES) {
      const length = FRAME_HEAD_BYTES + this.#unsent.readUIntBE(0, 3);
      if (this.#unsent.length < length) break;
      this.#socket.write(this.#replace(this.#take(length)));
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(length: number): Buffer {
    const taken = this.#unsent.subarray(0, length);
    this.#unsent = this.#unsent.subarray(length);
    return taken;
  }

  #replace(frame: Buffer): Buffer {
    if (frame.readUInt8(3) !== HEADERS) return frame;
    const endsStream = (frame.readUInt8(4) & END_STREAM) !== 0;
    return headerFrames(this.#block, { id: frame.readUInt32BE(5), endsStream });
  }
}

/** One call with these very headers, on a connection of its own. Node's client writes the rest, and reads the answer. */
export async function callWithHeaders(
  address: string,
  { headers, body }: { readonly headers: RawHeaders; readonly body: Uint8Array },
): Promise<RawAnswer> {
  const [host, port] = address.split(':');
  const createConnection = (): Duplex => new OtherHeaders(connect(Number(port), host), encode(headers));
  const session = connectHttp2(`http://${address}`, { createConnection });
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  const answer: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on('response', (received) => void Object.assign(answer, received));
  stream.on('trailers', (received) => void Object.assign(answer, received));
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  stream.on('error', () => undefined);
  stream.end(body);
  await new Promise<void>((resolve) => stream.once('close', resolve));
  session.destroy();
  return { headers: answer, body: Buffer.concat(chunks), rstCode: stream.rstCode ?? 0 };
}
