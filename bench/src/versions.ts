import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { availableParallelism, cpus } from 'node:os';

const PEERS = new URL('../peers/', import.meta.url);
const PEER_PACKAGES = ['nice-grpc', '@connectrpc/connect-node', '@nestjs/microservices'];

function versionOf(name: string, from: URL | string): string | undefined {
  try {
    const file = findPackageJSON(name, from);
    return file && (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    // It is not installed.
    return undefined;
  }
}

function cppVersion(): string | undefined {
  const { status, stdout } = spawnSync('pkg-config', ['--modversion', 'grpc++'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** What is measured with, by name; of the peers those that are installed. */
export function readVersions(): Readonly<Record<string, string>> {
  const entries = [
    ['node', process.version],
    ['@grpc/grpc-js', versionOf('@grpc/grpc-js', import.meta.url)],
    ...PEER_PACKAGES.map((name) => [name, versionOf(name, PEERS)]),
    ['grpc++', cppVersion()],
  ];
  return Object.fromEntries(entries.filter(([, version]) => version !== undefined)) as Record<string, string>;
}

/** `AMD EPYC, 2 cores` */
export function readMachine(): string {
  return `${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} cores`;
}
