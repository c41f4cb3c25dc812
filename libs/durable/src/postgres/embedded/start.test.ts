import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { EmbeddedPostgres } from './index.ts';
import { startEmbeddedPostgres } from './index.ts';
import { isAlive } from './postmaster.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-launcher-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// The folder is root's alone when root runs this, so the data lies elsewhere and a link leads there.
const start = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir: join(folder, 'data'), databases: ['orders', 'payments'] });

async function query(server: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.url('orders') });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

test('keeps what was written, with fsync on, from one run to the next', async () => {
  const first = await start();
  await query(first, 'create table kept as select 42 as answer');
  expect(await query(first, 'show fsync')).toEqual([{ fsync: 'on' }]);
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);
  const second = await start();
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await second.stop();
});

test('starts again after the server was killed', async () => {
  const killed = await start();
  await query(killed, 'create table flushed as select 1 as one');
  process.kill(killed.pid, 'SIGKILL');
  const again = await start();
  expect(again.pid).not.toBe(killed.pid);
  expect(await query(again, 'select one from flushed')).toEqual([{ one: 1 }]);
  await again.stop();
});

test('adopts the server that a killed process left behind, and its stop really stops it', async () => {
  const script = `
    import { startEmbeddedPostgres } from '@millrace/durable/embedded';
    const { pid } = await startEmbeddedPostgres({ dataDir: process.argv[1], databases: [] });
    process.stdout.write(String(pid));
    setInterval(() => {}, 1000);`;
  const args = ['--conditions=source', '--input-type=module', '--eval', script, join(folder, 'data')];
  const child = spawn(process.execPath, args, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGKILL');
  await once(child, 'exit');
  const orphan = Number(said.toString());
  expect(isAlive(orphan)).toBe(true);
  const adopted = await start();
  expect(adopted.pid).toBe(orphan);
  expect(await query(adopted, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await adopted.stop();
  await expect(query(adopted, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('says what the server said when it cannot start', async () => {
  const running = await start();
  const { port } = running;
  const other = { dataDir: join(folder, 'other'), databases: [] };
  const clash = startEmbeddedPostgres({ ...other, port });
  await expect(clash).rejects.toMatchObject({
    name: 'EmbeddedPostgresFailed',
    message: expect.stringMatching(/Address already in use/),
  });
  const elsewhere = await startEmbeddedPostgres(other);
  await elsewhere.stop({ removeData: true });
  await running.stop({ removeData: true });
  await expect(stat(join(folder, 'data'))).rejects.toMatchObject({ code: 'ENOENT' });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot(
  'data below a folder that only root may enter lies elsewhere, and goes when its link is gone',
  async () => {
    const dataDir = join(folder, 'scratch');
    const first = await startEmbeddedPostgres({ dataDir, databases: [] });
    const elsewhere = await realpath(dataDir);
    expect(elsewhere).not.toContain(folder);
    await first.stop();
    await rm(dataDir);
    const other = await startEmbeddedPostgres({ dataDir: join(folder, 'another'), databases: [] });
    await other.stop({ removeData: true });
    await expect(stat(elsewhere)).rejects.toMatchObject({ code: 'ENOENT' });
  },
);
