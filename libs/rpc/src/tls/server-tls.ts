import { constants } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { WatchedFiles, type WatchOptions } from './watched-files.ts';

/** How a server secures its connections: TLS 1.2 or newer, HTTP/2 only. Changed files count from the next connection on. */
export interface ServerTls extends WatchOptions {
  /** Our certificate with those between it and its authority, PEM. */
  readonly certFile: string;
  readonly keyFile: string;
  /** The authorities of our callers, PEM. Given, every caller must show a certificate of theirs that is made for clients. */
  readonly clientCaFile?: string | undefined;
  /** How long a handshake may take, in ms. Default 5,000. */
  readonly handshakeTimeoutMs?: number | undefined;
}

/**
 * A server that hands on secured connections.
 * @throws TlsError for files that cannot be used.
 */
export function createTlsServer(tls: ServerTls, onConnection: (socket: TLSSocket) => void): Server {
  const { certFile, keyFile, clientCaFile, handshakeTimeoutMs = 5_000 } = tls;
  const files = new WatchedFiles({ certFile, keyFile, caFile: clientCaFile }, tls);
  let secured = files.current();
  const askClient = clientCaFile !== undefined;
  const server = createServer({
    ...secured.options,
    requestCert: askClient,
    rejectUnauthorized: askClient,
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeTimeoutMs,
    noDelay: true,
    // A resumed session would bring back a certificate that was checked long ago.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  server.prependListener('connection', () => {
    const found = files.current();
    if (found === secured) return;
    secured = found;
    server.setSecureContext({ ...found.options, secureOptions: constants.SSL_OP_NO_TICKET });
  });
  // Node reports a handshake that fails or takes too long, and lets it stand.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('secureConnection', (socket) => {
    // Who does not ask for HTTP/2 by name gets none: gRPC does.
    if (socket.alpnProtocol === 'h2') onConnection(socket);
    else socket.destroy();
  });
  return server;
}
