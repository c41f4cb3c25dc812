import { ConfigError } from './config-error.ts';
import type { Logger } from './logger.ts';
import { path } from './settings.ts';

/** The settings that secure a service's connections, to be spread into its schema. None of them: nothing is secured. */
export const tlsSettings = {
  /** Our certificate with those between it and its authority, PEM; shown to callers, and to services we call. Read again when it changes. */
  TLS_CERT_FILE: path().optional(),
  TLS_KEY_FILE: path().optional(),
  /** The authorities of our callers, PEM: with it, who has no certificate of theirs is not let in. */
  TLS_CLIENT_CA_FILE: path().optional(),
  /** The authorities of the services that we call, PEM: with it, they are called by TLS only. */
  TLS_CA_FILE: path().optional(),
};

/** What {@link tlsSettings} read. */
export type TlsConfig = { readonly [Name in keyof typeof tlsSettings]?: string | undefined };

function onErrorOf(logger: Logger): (err: unknown) => void {
  return (err) => logger.error({ err }, 'changed TLS files cannot be used, those before stay');
}

/**
 * What a server is told of TLS, to be spread into its options: nothing without a certificate. Throws ConfigError for settings that
 * would be of no use, so that nobody is unprotected who believes otherwise.
 */
export function serverTls(config: TlsConfig, logger: Logger) {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CLIENT_CA_FILE: clientCaFile } = config;
  if (certFile !== undefined && keyFile !== undefined) {
    return { tls: { certFile, keyFile, clientCaFile, onError: onErrorOf(logger) } };
  }
  if (certFile === undefined && keyFile === undefined && clientCaFile === undefined) return {};
  const variable = certFile === undefined ? 'TLS_CERT_FILE' : 'TLS_KEY_FILE';
  throw new ConfigError([
    { variable, message: 'is not set, expected a file path beside the other TLS files' },
  ]);
}

/** What a client is told of TLS, to be spread into its options: nothing without authorities of servers. */
export function clientTls(config: TlsConfig, logger: Logger) {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile } = config;
  return caFile === undefined ? {} : { tls: { caFile, certFile, keyFile, onError: onErrorOf(logger) } };
}
