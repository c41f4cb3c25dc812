import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IssuedCertificate } from './certificates.ts';

/** Certificates in a scratch folder, as Kubernetes mounts them. */
export interface TlsFolder extends Disposable {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** Replaces all three at once. */
  write(issued: IssuedCertificate, ca: string): void;
}

/** Makes one. `using` removes it. */
export function createTlsFolder(issued: IssuedCertificate, ca: string): TlsFolder {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
  const current = join(dir, '..data');
  const fileOf = (name: string) => join(current, name);
  const write: TlsFolder['write'] = ({ cert, key }, authority) => {
    const version = mkdtempSync(join(dir, 'version-'));
    for (const [name, text] of Object.entries({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority })) {
      writeFileSync(join(version, name), text);
    }
    symlinkSync(version, join(dir, 'next'));
    renameSync(join(dir, 'next'), current);
  };
  write(issued, ca);
  return {
    certFile: fileOf('tls.crt'),
    keyFile: fileOf('tls.key'),
    caFile: fileOf('ca.crt'),
    write,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}
