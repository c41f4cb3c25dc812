import { constants, type Http2Session } from 'node:http2';

/** How many pings a connection may send in a row, and how many are given back each second. */
const BURST = 100;
const PER_SECOND = 10;

/** An answer to a ping is 17 bytes long: who was sent more since the last one was sent something that pings may go with. */
const ANSWER_BYTES = 17;

/**
 * Ends a connection that pings and does nothing else, with ENHANCE_YOUR_CALM, as gRPC servers do ("ping strikes", gRFC A8; grpc-js
 * does not). Pings that go with messages are free: some clients measure the bandwidth with them. A keepalive is one in seconds.
 */
export function limitPings(session: Http2Session): void {
  let allowed = BURST;
  let lastMs = performance.now();
  let lastBytes = 0;
  session.on('ping', () => {
    const nowMs = performance.now();
    const { bytesWritten } = session.socket;
    if (bytesWritten - lastBytes > ANSWER_BYTES) allowed = BURST;
    allowed = Math.min(BURST, allowed + ((nowMs - lastMs) / 1_000) * PER_SECOND) - 1;
    lastMs = nowMs;
    lastBytes = bytesWritten;
    if (allowed >= 0) return;
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
  });
}
