// `make demo`: a thousand orders through the whole system, and the proof that the books balance.
import { createWriteStream } from 'node:fs';
import { join, relative } from 'node:path';
import { startSystem } from '@millrace/dev';
import colours from 'picocolors';
import { runDemo } from './demo.ts';
import { Interrupted, interruption } from './interruption.ts';
import { DEMO_DIR, makeScratch } from './scratch.ts';
import { readSettings, type Settings } from './settings.ts';
import { formatKeep } from './show/keep.ts';
import { createStages } from './show/stages.ts';
import { fileSource, plannedSource } from './sources.ts';

async function demo(settings: Settings): Promise<boolean> {
  const { file, orders, seed, keep } = settings;
  const source = file === undefined ? plannedSource(orders, seed) : await fileSource(file);
  const interrupted = interruption();
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => undefined);
  const stages = createStages({ ending: Promise.race([interrupted, died.promise]) });
  const dataDir = await makeScratch();
  const log = createWriteStream(join(DEMO_DIR, 'services.log'));
  const starting = startSystem({
    dataDir,
    temporary: true,
    env: { LOG_LEVEL: process.env['LOG_LEVEL'] || 'warn' },
    onLog: (service, line) => void log.write(`${service.padEnd(8)} ${line}\n`),
    onDeath: died.reject,
  });
  try {
    const system = await stages.run('Starting PostgreSQL and three services', () => starting);
    const sound = await runDemo(system, source, { settings, stages });
    if (keep) {
      console.log(await formatKeep(system));
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
  const sound = await demo(readSettings(process.env));
  process.exit(sound ? 0 : 1);
} catch (error) {
  console.error(`${colours.red('demo:')} ${(error as Error).message}`);
  process.exit(error instanceof Interrupted ? 130 : 1);
}
