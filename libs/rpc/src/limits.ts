import type { ChannelOptions } from '@grpc/grpc-js';

const MEBIBYTE = 1024 * 1024;

/** What one connection may ask of a client. */
export interface ClientLimits {
  /** The longest message taken or sent, in bytes. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** How long a connection may take until the server has spoken HTTP/2, in ms. Default 3,000. */
  readonly connectTimeoutMs?: number;
}

/** What clients may ask of a server. */
export interface ServerLimits {
  /** The longest message taken or sent, in bytes. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * Calls at once on one connection. Default 1,000: a gateway has one connection to each backend and some hundreds of calls in
   * flight under full load; without a limit one hostile connection fills the memory in seconds.
   */
  readonly maxConcurrentCalls?: number;
  /** Memory for one connection's HTTP/2 state, in MiB. Default 32. */
  readonly maxSessionMemoryMiB?: number;
  /** The size of a call's headers, names and values, in bytes. Default 16 KiB. */
  readonly maxHeaderBytes?: number;
}

/** How grpc-js is set up as a client. */
export function clientOptions({ maxMessageBytes = 4 * MEBIBYTE }: ClientLimits): ChannelOptions {
  return {
    // The retry interceptor decides; two retrying layers multiply.
    'grpc.enable_retries': 0,
    // Without it grpc-js takes messages into a retry buffer faster than the connection does.
    'grpc.per_rpc_retry_buffer_size': 0,
    // A half-open connection is noticed after five seconds.
    'grpc.keepalive_time_ms': 3_000,
    'grpc.keepalive_timeout_ms': 2_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // A transport owns its connection: closing it closes that and nobody else's.
    'grpc.use_local_subchannel_pool': 1,
    // Not through a proxy that the environment names, and no service config out of the DNS.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  };
}

/** How grpc-js is set up as a server. */
export function serverOptions(limits: ServerLimits): ChannelOptions {
  const { maxMessageBytes = 4 * MEBIBYTE, maxConcurrentCalls = 1_000, maxSessionMemoryMiB = 32 } = limits;
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': maxConcurrentCalls,
    'grpc-node.max_session_memory': maxSessionMemoryMiB,
    // A client whose machine died holds its handlers for fifteen seconds.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.enable_channelz': 0,
  };
}
