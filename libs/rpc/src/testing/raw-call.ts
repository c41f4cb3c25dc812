import { connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';

/** What is sent to a server as it is, without a client that would forbid it. */
export interface RawCall {
  /** `host:port` */
  readonly address: string;
  /** `/millrace.test.v1.EchoService/Echo` */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
}

/** What came back: headers and trailers in one, and the bytes between them. */
export interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of the stream's end; 0 when it was regular. */
  readonly rstCode: number;
}

/** A gRPC frame: not compressed, length, bytes. */
export function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A connection for raw calls. */
export interface RawConnection {
  call(call: Omit<RawCall, 'address'>): Promise<RawAnswer>;
  close(): void;
}

/** Opens a connection that takes input that no client would send. A server that ends it ends the calls on it. */
export function openRawConnection(address: string): RawConnection {
  const session = connect(`http://${address}`);
  session.on('error', () => undefined);
  const call: RawConnection['call'] = async ({ path, headers = {}, body = frame(Buffer.alloc(0)) }) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const answer: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => void Object.assign(answer, received));
    stream.on('trailers', (received) => void Object.assign(answer, received));
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.end(body);
    // Not by once(): a reset is an answer here, and it would make that an error.
    await new Promise<void>((resolve) => stream.once('close', resolve));
    return { headers: answer, body: Buffer.concat(chunks), rstCode: stream.rstCode ?? 0 };
  };
  return { call, close: () => session.destroy() };
}

/** One call on a connection of its own. */
export async function rawCall({ address, ...call }: RawCall): Promise<RawAnswer> {
  const connection = openRawConnection(address);
  try {
    return await connection.call(call);
  } finally {
    connection.close();
  }
}
