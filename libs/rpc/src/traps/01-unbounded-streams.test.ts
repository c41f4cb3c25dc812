import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { FloodReport } from './flooded-server.ts';

const SERVER = fileURLToPath(new URL('flooded-server.ts', import.meta.url));
const STREAMS = 4_000;

/** Opens streams on one connection before the server's settings are here, and asks the server how it is. */
async function flood(kind: 'bare' | 'ours'): Promise<FloodReport> {
  const execArgv = ['--conditions=source', '--expose-gc', '--disable-warning=ExperimentalWarning'];
  const child = fork(SERVER, [kind], { execArgv });
  try {
    const [{ port, path }] = (await once(child, 'message')) as [{ port: number; path: string }];
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => undefined);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    for (let count = 0; count < STREAMS; count++) {
      session.request(headers, { endStream: false }).on('error', () => undefined);
    }
    await once(session, 'remoteSettings');
    await new Promise((resolve) => session.ping(resolve));
    child.send('report');
    const [report] = (await once(child, 'message')) as [FloodReport];
    session.destroy();
    return report;
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

test('grpc-js still serves every stream of a connection at once (if not, maxConcurrentCalls in libs/rpc/src/limits.ts can go)', async () => {
  const { running, grownMiB } = await flood('bare');
  expect(running).toBe(STREAMS);

  expect(grownMiB).toBeGreaterThan(14);
});

test('ours serves so many at once, and keeps nothing of the rest', async () => {
  const { running, grownMiB } = await flood('ours');
  expect(running).toBeLessThanOrEqual(1_000);
  expect(grownMiB).toBeLessThan(14);
});
