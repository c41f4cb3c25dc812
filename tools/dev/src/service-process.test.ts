import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceDied } from './service-died.ts';
import { startServiceProcess, type ServiceProcess } from './service-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'service-process-'));
});
afterAll(() => rm(folder, { recursive: true }));

const READY = `process.send({ type: 'ready', addresses: { grpc: process.env.WHERE } });`;
const STAY = `process.on('disconnect', () => process.exit(0));`;

interface Started {
  service: ServiceProcess;
  lines: string[];
  death: Promise<ServiceDied>;
}

async function start(source: string, stopTimeoutMs?: number): Promise<Started> {
  const main = join(folder, `${Math.random()}.mjs`);
  await writeFile(main, source);
  const lines: string[] = [];
  const death = Promise.withResolvers<ServiceDied>();
  const service = startServiceProcess({
    name: 'order',
    main,
    env: { WHERE: 'here:1' },
    onLog: (line) => lines.push(line),
    onDeath: death.resolve,
    ...(stopTimeoutMs === undefined ? {} : { stopTimeoutMs }),
  });
  return { service, lines, death: death.promise };
}

describe('a service as a process', () => {
  test('is ready when it says so, with its addresses', async () => {
    const { service } = await start(READY + STAY);
    await expect(service.ready).resolves.toEqual({ grpc: 'here:1' });
    await service.stop();
  });

  test('that ends before it is ready is reported with its last lines', async () => {
    const { service } = await start(`console.log('hello'); console.error('no keys'); process.exitCode = 78;`);
    await expect(service.ready).rejects.toThrow(/order service ended by itself \(exit code 78\).*no keys/s);
  });

  test('that ends by itself later is reported with its last lines', async () => {
    const { service, death } = await start(
      `${READY} ${STAY} console.log('out of memory'); setTimeout(() => process.exit(3), 50);`,
    );
    await service.ready;
    expect((await death).message).toMatch(/exit code 3.*\n {2}out of memory/);
  });

  test('that has no source is reported with the reason', async () => {
    const { service } = await start('import "./missing.mjs";');
    await expect(service.ready).rejects.toThrow(/missing\.mjs/);
  });

  test('is killed without a word, and that is no death to report', async () => {
    const { service, death } = await start(READY + STAY);
    await service.ready;
    await service.kill();
    await expect(Promise.race([death, Promise.resolve('quiet')])).resolves.toBe('quiet');
  });

  test('that does not stop in time is killed', async () => {
    const { service } = await start(`process.on('SIGTERM', () => {}); ${STAY} ${READY}`, 100);
    await service.ready;
    await service.stop();
  });

  test('hands over each line it writes', async () => {
    const { service, lines } = await start(`console.log('one\\ntwo'); console.error('three');`);
    await service.ready.catch(() => undefined);
    expect(lines.toSorted()).toEqual(['one', 'three', 'two']);
  });
});
