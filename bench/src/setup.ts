import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What both sides of a run share: keys of those who call and a collector that takes their spans. */
export interface Setup {
  /** For the processes. */
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

/** The services that call others. */
const CALLERS = ['gateway', 'order'] as const;

function jwk(key: KeyObject, kid: string): object {
  return { ...key.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' };
}

/** Writes the caller's key, and gives the one that others know it by. */
function writeKey(dir: string, caller: string): object {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(dir, `${caller}.private.jwk.json`), JSON.stringify(jwk(privateKey, caller)));
  return jwk(publicKey, caller);
}

function writeKeys(dir: string): void {
  const keys = CALLERS.map((caller) => writeKey(dir, caller));
  writeFileSync(join(dir, 'public.jwks.json'), JSON.stringify({ keys }));
}

/** Makes the keys, and a collector to which one trace in a hundred is really sent. */
export async function createSetup(): Promise<Setup> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  writeKeys(dir);
  const collector = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => void collector.listen(0, '127.0.0.1', resolve));
  return {
    env: {
      BENCH_KEYS: dir,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01',
    },
    close: () => {
      collector.close();
      collector.closeAllConnections();
      rmSync(dir, { recursive: true });
    },
  };
}

/** Where a process of the run finds everybody's keys and its own; the gateway's, unless it says that it is another. */
export function readSetup(caller: (typeof CALLERS)[number] = 'gateway'): {
  readonly keySetFile: string;
  readonly keyFile: string;
} {
  const dir = process.env['BENCH_KEYS'] ?? '';
  return { keySetFile: join(dir, 'public.jwks.json'), keyFile: join(dir, `${caller}.private.jwk.json`) };
}
