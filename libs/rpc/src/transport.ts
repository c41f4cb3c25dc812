import { Connection, type ConnectionOptions } from './connection.ts';
import type { Next } from './interceptor.ts';

/** Carries calls to one address. */
export interface Transport {
  /** `host:port`, as it was given. */
  readonly address: string;
  /** The innermost step of every client: gives the call to the server. */
  readonly next: Next;
  /** Ends the connection. Calls that run still finish; new ones are UNAVAILABLE. */
  close(): Promise<void>;
}

/** Where a transport goes. */
export type TransportOptions = Pick<ConnectionOptions, 'address' | 'limits'>;

/** Opens a transport. It connects at the first call. */
export function createTransport(options: TransportOptions): Transport {
  return new Connection(options);
}
