/** The frames that carry calls between services; apart from the contract, because only the transport speaks of them. */
export * from '../gen/millrace/channel/v1/channel_pb.js';
