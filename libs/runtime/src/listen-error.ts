import { types } from 'node:util';

interface ListenAddress {
  host: string;
  port: number;
  /** The environment variable that set the port, for example `HTTP_PORT`. */
  setting: string;
}

const TEXTS: Readonly<Record<string, (address: ListenAddress) => string>> = {
  EADDRINUSE: ({ port, setting }) => `port ${port} (${setting}) is already in use`,
  EACCES: ({ port, setting }) => `port ${port} (${setting}) needs rights that this process does not have`,
  EADDRNOTAVAIL: ({ host, setting }) => `${host} (host of ${setting}) is not an address of this machine`,
  ENOTFOUND: ({ host, setting }) => `${host} (host of ${setting}) is not a known host name`,
};

/** A server could not take its address; the message names the setting to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly reason = 'LISTEN_FAILED';
  /** The system's code, for example EADDRINUSE. */
  readonly code: string;

  constructor(code: string, address: ListenAddress, options?: ErrorOptions) {
    super(
      TEXTS[code]?.(address) ??
        `cannot listen on ${address.host}:${address.port} (${address.setting}): ${code}`,
      options,
    );
    this.code = code;
  }
}

/** A ListenError if `error` says that the address cannot be taken, by its code or, as with gRPC, only in its text; else `error` itself. */
export function toListenError(error: unknown, address: ListenAddress): unknown {
  if (!types.isNativeError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const known = Object.keys(TEXTS).find((name) => code === name || error.message.includes(name));
  return known === undefined ? error : new ListenError(known, address, { cause: error });
}
