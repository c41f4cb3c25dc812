import type { ChannelOptions } from '@grpc/grpc-js';
import { GZIP_OPTIONS } from './gzip-requests.ts';

/** The longest message where nothing else is said. */
export const DEFAULT_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Calls at once on one connection where nothing else is said. */
export const DEFAULT_CONCURRENT_CALLS = 1_000;
/** The size of a call's headers where nothing else is said. */
export const DEFAULT_HEADER_BYTES = 16 * 1024;
/** How long a server may take to speak where nothing else is said. */
export const CONNECT_TIMEOUT_MS = 3_000;
const MINUTE_MS = 60_000;
/** How long a connection without calls is kept where nothing else is said. */
export const DEFAULT_IDLE_MS = 10 * MINUTE_MS;

/** What one connection may ask of a client. */
export interface ClientLimits {
  /** The longest message taken or sent, in bytes. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** How long a connection may take until the server has spoken HTTP/2, in ms. Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** Unary calls that wait on a connection whose server has as many as it takes. Default 10,000; more are RESOURCE_EXHAUSTED at once. */
  readonly maxQueuedCalls?: number;
  /** How long they wait at most, in ms. Default 1,000; then they are RESOURCE_EXHAUSTED. */
  readonly maxQueuedMs?: number;
}

/**
 * What clients may ask of a server. Beyond these: a peer that no longer answers pings is dropped after fifteen seconds (one that never
 * spoke HTTP/2 as well), a connection that does nothing but ping at once, and Node itself limits how many headers a call has (128)
 * and how many streams a peer resets.
 *
 * Not limited, because grpc-js cannot: what one connection costs in decoding headers (an HPACK bomb slows its neighbours for its first
 * second), and how fast a client may open calls one after the other. A proxy in front can.
 */
export interface ServerLimits {
  /** The longest message taken or sent, in bytes. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * Calls at once on one connection. Default 1,000: a gateway has one connection to each backend and some hundreds of calls in
   * flight under full load; without a limit one hostile connection fills the memory in seconds. So many on each channel, and on
   * streams of their own, where a channel is one of them; less than five are five for those.
   */
  readonly maxConcurrentCalls?: number;
  /** Memory for one connection's HTTP/2 state, in MiB. Default 32. */
  readonly maxSessionMemoryMiB?: number;
  /** The size of a call's headers: names, values, and 32 for each, in bytes. Default 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Connections at once; more are closed before a word is said. Default 10,000. */
  readonly maxConnections?: number;
  /**
   * How old a connection gets, a tenth more or less, before its client is asked to make another one: so new replicas get their share
   * and new certificates are seen, in ms. Default 1,800,000.
   */
  readonly maxConnectionAgeMs?: number;
  /** How long the calls on a connection that is too old may go on, in ms. Default 2,100,000: longer than any stream's maximum age. */
  readonly maxConnectionAgeGraceMs?: number;
  /** How long a connection without calls is kept, in ms. Default 600,000. */
  readonly maxConnectionIdleMs?: number;
}

/** How grpc-js is set up as a client. */
export function clientOptions({ maxMessageBytes = DEFAULT_MESSAGE_BYTES }: ClientLimits): ChannelOptions {
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
    ...GZIP_OPTIONS,
  };
}

/** How grpc-js is set up as a server on whose connections so many streams may be channels, at most. */
export function serverOptions(limits: ServerLimits, channels: number): ChannelOptions {
  const {
    maxMessageBytes = DEFAULT_MESSAGE_BYTES,
    maxConcurrentCalls = DEFAULT_CONCURRENT_CALLS,
    maxSessionMemoryMiB = 32,
  } = limits;
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // Channels are there for as long as their connection: at least one place is left for other streams.
    'grpc.max_concurrent_streams': Math.max(maxConcurrentCalls, channels + 1),
    'grpc-node.max_session_memory': maxSessionMemoryMiB,
    'grpc.max_connection_age_ms': limits.maxConnectionAgeMs ?? 30 * MINUTE_MS,
    'grpc.max_connection_age_grace_ms': limits.maxConnectionAgeGraceMs ?? 35 * MINUTE_MS,
    'grpc.max_connection_idle_ms': limits.maxConnectionIdleMs ?? DEFAULT_IDLE_MS,
    // A client whose machine died holds its handlers for fifteen seconds.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.enable_channelz': 0,
  };
}
