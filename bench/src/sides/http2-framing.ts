const PREFIX_BYTES = 5;

/** A gRPC message as it goes over HTTP/2: a byte that says it is not compressed, its length, itself. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** The one message of a body, which came in these pieces. */
export function unframe(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  const body = pieces.length === 1 && first ? first : Buffer.concat(pieces);
  const length = body.readUInt32BE(1);
  if (body.length !== PREFIX_BYTES + length) throw new Error('not one message');
  return body.subarray(PREFIX_BYTES);
}
