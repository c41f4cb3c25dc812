import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { Secured } from './secure-files.ts';
import { WatchedFiles, type WatchOptions } from './watched-files.ts';

/** How a client secures its connections: TLS 1.2 or newer. Changed files count from the next call on; calls that run finish. */
export interface ClientTls extends WatchOptions {
  /** The authorities of the servers, PEM. Default: those that Node trusts. */
  readonly caFile?: string | undefined;
  /** Our own certificate, PEM, where servers ask for one. Made for clients. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The name that a server's certificate must have. Default: the host of its address. */
  readonly serverName?: string | undefined;
}

/** What a channel is secured with: the same object until the files change. */
export interface ChannelSecurity {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** Secures the channels of a client. */
export interface ClientSecurity {
  /** `authority` is the `host:port` that the server is known by. */
  current(authority: string): ChannelSecurity;
}

/** Where no name is sent along: it may not be an address (RFC 6066, 3), and grpc-js always sends one. */
const NO_NAME = 'no-name.invalid';

function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function secure({ context }: Secured, name: string): ChannelSecurity {
  const credentials = ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  });
  return { credentials, options: { 'grpc.ssl_target_name_override': isIP(name) ? NO_NAME : name } };
}

/**
 * Reads a client's files, once for all its connections.
 * @throws TlsError for files that cannot be used.
 */
export function openClientTls({ serverName, ...files }: ClientTls): ClientSecurity {
  const watched = new WatchedFiles(files, files);
  const made = new Map<string, ChannelSecurity>();
  let secured = watched.current();
  return {
    current: (authority) => {
      const found = watched.current();
      if (found !== secured) made.clear();
      secured = found;
      let security = made.get(authority);
      if (!security) made.set(authority, (security = secure(secured, serverName ?? hostOf(authority))));
      return security;
    },
  };
}
