import { OrderService } from '@millrace/contracts';
import { createBareClient } from '@millrace/rpc';
import { createRawChannelTransport } from '@millrace/rpc/testing';
import { createCalls } from './calls.ts';
import type { OpenTraffic } from './traffic.ts';

/** The channel's client on an HTTP/2 stream of Node's own, without grpc-js. */
export const openRawChannelTraffic: OpenTraffic = async (port) => {
  const transport = await createRawChannelTransport(`127.0.0.1:${port}`);
  return createCalls(createBareClient(OrderService, { transport }), {});
};
