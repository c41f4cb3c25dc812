// `make dev`: the whole system on fixed ports, its data kept between runs, restarted when its sources change.
import { fileURLToPath } from 'node:url';
import colours from 'picocolors';
import { formatLog } from './format-log.ts';
import { isFree } from './free-port.ts';
import type { Ports } from './services.ts';
import { PORT_SETTINGS, readSettings } from './settings.ts';
import { startSystem, type System } from './system.ts';
import { untilInterrupted } from './until-interrupted.ts';
import { watchSources } from './watch-sources.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

async function refuseTakenPorts(ports: Ports): Promise<void> {
  for (const [name, setting] of Object.entries(PORT_SETTINGS)) {
    const port = ports[name as keyof Ports];
    if (port !== 0 && !(await isFree(port)))
      throw new Error(`port ${port} (${setting}) is already in use; set ${setting} to another one`);
  }
}

function announce({ addresses }: System): void {
  const { http, grpc, order, payment } = addresses;
  console.log(
    `${colours.green('ready')}  gateway ${colours.bold(http)} · gRPC ${grpc} · order ${order} · payment ${payment}`,
  );
}

function restartOnChange(system: System): () => void {
  return watchSources({
    root: ROOT,
    onChange: async (services) => {
      console.log(`${colours.yellow('changed')}  restarting ${services.join(', ')}`);
      try {
        await Promise.all(services.map((name) => system.restart(name)));
        announce(system);
      } catch (error) {
        console.error((error as Error).message);
        console.error(`${colours.yellow('waiting')}  for the next change`);
      }
    },
  });
}

async function main(): Promise<void> {
  const { ports, dataDir } = readSettings(process.env);
  await refuseTakenPorts(ports);
  const interrupted = untilInterrupted();
  const system = await startSystem({
    dataDir,
    ports,
    onLog: (service, line) => console.log(formatLog(service, line)),
  });
  announce(system);
  const unwatch = restartOnChange(system);
  await interrupted;
  console.log(`${colours.yellow('stopping')}`);
  unwatch();
  await system.stop();
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(`dev: ${(error as Error).message}`);
  process.exit(1);
}
