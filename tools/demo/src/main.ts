// `make demo`: a thousand orders through the whole system, and the proof that the books balance.
import { createWriteStream } from 'node:fs';
import { join, relative } from 'node:path';
import { startSystem, type System } from '@millrace/dev';
import colours from 'picocolors';
import { runDemo } from './demo.ts';
import { formatKeep } from './show/keep.ts';
import { DEMO_DIR, makeScratch } from './scratch.ts';
import { readSettings, type Settings } from './settings.ts';
import { createStages, type Stages } from './show/stages.ts';
import { fileSource, plannedSource } from './sources.ts';

class Interrupted extends Error {}

/** Rejects with the first Ctrl-C. The second ends this process at once; the services notice and end too. */
function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.on(signal, () => process.exit(130));
      reject(new Interrupted('interrupted'));
    });
  }
  return promise;
}

async function demo(settings: Settings, stages: Stages): Promise<boolean> {
  const { file, orders, seed, keep } = settings;
  const source = file === undefined ? plannedSource(orders, seed) : await fileSource(file);
  const interrupted = interruption();
  const scratch = await makeScratch();
  const log = createWriteStream(join(DEMO_DIR, 'services.log'));
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => undefined);
  const starting = stages.run('Starting PostgreSQL and three services', () =>
    startSystem({
      dataDir: scratch,
      temporary: true,
      env: { LOG_LEVEL: process.env['LOG_LEVEL'] || 'warn' },
      onLog: (service, line) => void log.write(`${service.padEnd(8)} ${line}\n`),
      onDeath: died.reject,
    }),
  );
  const work = (system: System) => runDemo(system, source, { settings, stages });
  try {
    const sound = await Promise.race([starting.then(work), interrupted, died.promise]);
    if (keep) {
      console.log(await formatKeep(await starting));
      await Promise.race([interrupted.catch(() => undefined), died.promise]);
    }
    return sound;
  } catch (error) {
    if (!(error instanceof Interrupted))
      console.error(colours.dim(`  logs: ${relative('.', String(log.path))}`));
    throw error;
  } finally {
    const system = await starting.catch(() => undefined);
    await system?.stop();
    log.end();
  }
}

try {
  const sound = await demo(readSettings(process.env), createStages());
  process.exit(sound ? 0 : 1);
} catch (error) {
  console.error(`${colours.red('demo:')} ${(error as Error).message}`);
  process.exit(error instanceof Interrupted ? 130 : 1);
}
