import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../../peers/cpp/', import.meta.url));
/** Where the client and the server are when they are built. */
export const CPP = new URL('../../../.millrace/bench-cpp/', import.meta.url);

const TOOLS = ['pkg-config', 'g++', 'protoc', 'grpc_cpp_plugin', 'make'];
const PACKAGES = 'libgrpc++-dev protobuf-compiler-grpc protobuf-compiler pkg-config g++ make';

const run = promisify(execFile);

function isMissing(): boolean {
  const missing = TOOLS.some((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  return missing || spawnSync('pkg-config', ['--exists', 'grpc++', 'protobuf']).status !== 0;
}

/** Builds the C++ peer, unless that is done. Says why it cannot. */
export async function buildCpp(progress: (text: string) => void): Promise<string | undefined> {
  if (isMissing()) return `it wants Debian's ${PACKAGES}`;
  if (!existsSync(CPP)) progress('  building the C++ peer, once: a minute or two');
  try {
    await run('make', ['-C', SOURCES, `OUT=${fileURLToPath(CPP)}`, `-j${availableParallelism()}`]);
    return undefined;
  } catch (error) {
    const line = (error as Error).message.split('\n').find((text) => text.includes('rror'));
    return `it cannot be built: ${line ?? String(error)}`;
  }
}
