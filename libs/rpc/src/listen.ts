import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Where a server stands. */
export interface Address {
  readonly host: string;
  /** 0 means any that is free. */
  readonly port: number;
}

/** Why a server cannot listen: `code` is the system's, EADDRINUSE where somebody else has the port. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;
  readonly host: string;
  readonly port: number;

  constructor(address: Address, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
    super(`cannot listen on ${address.host}:${address.port}: ${why}`, { cause });
    this.code = cause.code ?? 'UNKNOWN';
    this.host = address.host;
    this.port = address.port;
  }
}

/** Starts listening. Gives the real port; throws a ListenError. */
export async function listen(server: Server, address: Address): Promise<number> {
  try {
    const listening = once(server, 'listening');
    server.listen(address.port, address.host);
    await listening;
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
  return (server.address() as AddressInfo).port;
}
