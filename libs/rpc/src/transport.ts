import { Connection } from './connection.ts';
import { Pool, type PoolOptions } from './endpoints/pool.ts';
import { parseTargets } from './endpoints/targets.ts';
import type { Next } from './interceptor.ts';
import { openClientTls, type ClientTls } from './tls/client-tls.ts';

/** Carries calls to the servers behind one address. */
export interface Transport {
  /** As it was given. */
  readonly address: string;
  /** The innermost step of every client: gives the call to a server. */
  readonly next: Next;
  /**
   * Connects before the first call does it, for who wants that one to be as fast as the others. Resolves when it is known of each server how
   * calls go to it, or that it cannot be reached for now: it never rejects.
   */
  connect(): Promise<void>;
  /** Ends the connections. Calls that run still finish; new ones are UNAVAILABLE. */
  close(): Promise<void>;
}

/**
 * Where a transport goes. `address` is `host:port` or a list of them, `a:1,b:2`. A name may stand for many addresses, and which they are is
 * looked up every three seconds while calls are made; each is a connection, and the calls go where they are answered soonest.
 */
export interface TransportOptions extends Omit<PoolOptions, 'targets' | 'security'> {
  /** Default: connections are not secured. */
  readonly tls?: ClientTls | undefined;
}

/** Opens a transport. It connects at the first call. */
export function createTransport(options: TransportOptions): Transport {
  const targets = parseTargets(options.address);
  const isOne = targets?.length === 1 && targets[0]?.isName === false;
  const { tls, ...rest } = options;
  const secured = { ...rest, security: tls && openClientTls(tls) };
  if (!targets || isOne) return new Connection(secured);
  return new Pool({ ...secured, targets });
}
