import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Runs `body` as a process of its own, which is the only way to see signals and exit codes. */
function start(body: string, { ipc = false } = {}) {
  const source = `
    import { createLogger, run, runMain, loadConfig, port, ListenError } from '@millrace/runtime';
    import { z } from 'zod';
    const logger = createLogger({ service: 'test' });
    const alive = setInterval(() => {}, 1000);
    const stop = async () => { logger.info('app stopped'); };
    ${body}`;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', source], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  });
  children.push(child);
  let output = '';
  const seen = Promise.withResolvers<void>();
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('"msg":"ready"')) seen.resolve();
  };
  child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  // Not 'close': Node leaves it out when the IPC channel went first.
  const ended = Promise.all([
    once(child, 'exit'),
    once(child.stdout!, 'close'),
    once(child.stderr!, 'close'),
  ]);
  return {
    child,
    ready: seen.promise,
    exit: async () => ({ code: (await ended)[0][0] as number, lines: output.trimEnd().split('\n') }),
  };
}

const READY_APP = `await run({ start: async () => ({ grpc: '127.0.0.1:1' }), stop }, { logger, graceMs: 60_000,
  telemetry: { shutdown: async () => logger.info('flushed') } });`;

describe('run', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stops once on %s: app, then telemetry, exit 0',
    async (signal) => {
      const { child, ready, exit } = start(READY_APP);
      await ready;
      child.kill(signal);
      const { code, lines } = await exit();
      expect(code).toBe(0);
      const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
      expect(messages).toEqual(['ready', 'stopping', 'app stopped', 'flushed']);
      expect(lines[0]).toContain('"addresses":{"grpc":"127.0.0.1:1"}');
    },
  );

  test('ends with 1 when stopping takes longer than the grace time', async () => {
    const { child, ready, exit } = start(
      `await run({ start: async () => ({}), stop: () => new Promise(() => {}) }, { logger, graceMs: 50 });`,
    );
    await ready;
    child.kill('SIGTERM');
    const { code, lines } = await exit();
    expect(code).toBe(1);
    expect(lines.at(-1)).toContain('not stopped within the grace time');
  });

  test('ends at once on the same signal again', async () => {
    const { child, ready, exit } = start(
      `await run({ start: async () => ({}), stop: () => { process.kill(process.pid, 'SIGTERM'); return new Promise(() => {}); } },
         { logger, graceMs: 60_000 });`,
    );
    await ready;
    child.kill('SIGTERM');
    expect((await exit()).code).toBe(1);
  });

  test.each([
    ['a rejection', `void Promise.reject(new Error('boom'))`],
    ['an exception', `setImmediate(() => { throw new Error('boom'); })`],
  ])('logs %s that nobody caught once, stops the app and ends with 1', async (_, fault) => {
    const { exit } = start(`${READY_APP} ${fault};`);
    const { code, lines } = await exit();
    expect(code).toBe(1);
    expect(lines.filter((line) => line.includes('boom'))).toHaveLength(1);
    expect(lines.join()).toContain('app stopped');
  });

  test('reports a foreseen start error in one line without a stack', async () => {
    const { exit } = start(
      `await run({ start: async () => { throw new ListenError('EADDRINUSE', { host: 'h', port: 8080, setting: 'HTTP_PORT' }); },
         stop: async () => {} }, { logger });`,
    );
    const { code, lines } = await exit();
    expect(code).toBe(1);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'cannot start: port 8080 (HTTP_PORT) is already in use',
      reason: 'LISTEN_FAILED',
    });
  });

  test('gives the stack of an unforeseen start error, and still stops what was started', async () => {
    const { exit } = start(
      `await run({ start: async () => { throw new Error('bug'); }, stop }, { logger });`,
    );
    const { code, lines } = await exit();
    expect(code).toBe(1);
    expect(lines[0]).toContain('"stack":"Error: bug');
    expect(lines[1]).toContain('app stopped');
  });

  test('ends with 78 and one line when the configuration is wrong', async () => {
    const { exit } = start(
      `await runMain('test', async () => loadConfig(z.object({ A_PORT: port(), B_PORT: port() }), {}));`,
    );
    const { code, lines } = await exit();
    expect(code).toBe(78);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/A_PORT is not set.*B_PORT is not set/);
  });

  test('tells its parent when it is ready and does not outlive it', async () => {
    const { child, exit } = start(READY_APP, { ipc: true });
    const [message] = (await once(child, 'message')) as [unknown];
    expect(message).toEqual({ type: 'ready', addresses: { grpc: '127.0.0.1:1' } });
    child.disconnect();
    const { code, lines } = await exit();
    expect(code).toBe(0);
    expect(lines.join()).toContain('app stopped');
  });
});
