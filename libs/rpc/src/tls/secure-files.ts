import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';

/** Files of PEM text. */
export interface SecureFiles {
  /** Our certificate, and those between it and its authority. */
  readonly certFile?: string | undefined;
  /** Its private key. */
  readonly keyFile?: string | undefined;
  /** The authorities whose certificates are believed. */
  readonly caFile?: string | undefined;
}

/** What the files hold, as TLS takes it. */
export interface Secured {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  /** Differs when the files' contents do. */
  readonly text: string;
}

/** Why TLS cannot be set up; the message names the file. */
export class TlsError extends Error {
  override readonly name = 'TlsError';
  readonly reason = 'TLS_UNUSABLE';
}

/** TLS 1.2 with nothing but forward secrecy and authenticated encryption, as HTTP/2 asks (RFC 9113, 9.2.2), and all of TLS 1.3. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function attempt<T>(file: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TlsError(`${file} ${what}: ${why}`, { cause });
  }
}

function read(file: string | undefined): string | undefined {
  return file === undefined ? undefined : attempt(file, 'cannot be read', () => readFileSync(file, 'utf8'));
}

function certificatesIn(file: string, text: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...rest] = attempt(file, 'holds a certificate that is none', () =>
    [...text.matchAll(PEM_CERTIFICATE)].map(([pem]) => new X509Certificate(pem)),
  );
  if (!first) throw new TlsError(`${file} holds no certificate`);
  return [first, ...rest];
}

function checkPair(files: SecureFiles, cert: string, key: string): void {
  const { certFile = '', keyFile = '' } = files;
  const [leaf] = certificatesIn(certFile, cert);
  const privateKey: KeyObject = attempt(keyFile, 'holds no private key', () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey))
    throw new TlsError(`the key of ${keyFile} is not that of ${certFile}`);
}

/**
 * Reads what TLS needs, and looks whether it can be used: a key that does not fit its certificate would be noticed only at the first
 * connection.
 * @throws TlsError
 */
export function readSecureFiles(files: SecureFiles): Secured {
  const [cert, key, ca] = [files.certFile, files.keyFile, files.caFile].map(read);
  if ((cert === undefined) !== (key === undefined)) {
    throw new TlsError(`${files.certFile ?? files.keyFile}: a certificate and its key go together`);
  }
  if (cert !== undefined && key !== undefined) checkPair(files, cert, key);
  if (ca !== undefined) certificatesIn(files.caFile ?? '', ca);
  const options = {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(ca !== undefined && { ca }),
    ciphers: CIPHERS,
    minVersion: 'TLSv1.2',
  } as const;
  const context = attempt(files.certFile ?? files.caFile ?? 'TLS', 'cannot be used', () =>
    createSecureContext(options),
  );
  return { options, context, text: JSON.stringify([cert, key, ca]) };
}
