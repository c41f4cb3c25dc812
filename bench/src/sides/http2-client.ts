import { connect } from 'node:http2';
import { createCodec, PlaceOrderRequestSchema, PlaceOrderResponseSchema } from '@millrace/contracts';
import { nextOrder } from '../messages.ts';
import { frame, unframe } from './http2-framing.ts';
import type { Done, OpenTraffic } from './traffic.ts';

const HEADERS = {
  ':method': 'POST',
  ':path': '/shop.order.v1.OrderService/PlaceOrder',
  'content-type': 'application/grpc',
  te: 'trailers',
};

/** gRPC by hand over Node's own HTTP/2, with the contract's codec: what is left when there is no gRPC library. */
export const openHttp2Traffic: OpenTraffic = async (port) => {
  const session = connect(`http://127.0.0.1:${port}`);
  const request = createCodec(PlaceOrderRequestSchema);
  const response = createCodec(PlaceOrderResponseSchema);
  const unary = (done: Done): void => {
    const stream = session.request(HEADERS);
    const pieces: Buffer[] = [];
    let status: string | undefined;
    stream.on('data', (piece: Buffer) => void pieces.push(piece));
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'])));
    stream.on('end', () => {
      if (status !== '0') return done(new Error(`grpc-status ${status}`));
      response.decode(unframe(pieces));
      done(undefined);
    });
    stream.on('error', done);
    stream.end(frame(request.encode(nextOrder())));
  };
  return { unary };
};
