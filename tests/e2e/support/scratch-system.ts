import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceDied } from '@millrace/dev';
import { startSystem, type ServiceName, type System } from '@millrace/dev';

/** A whole system of its own for one test file. */
export interface ScratchSystem extends System {
  /** What the services wrote, by service. */
  readonly lines: Record<ServiceName, string[]>;
  /** Deaths that nobody asked for. */
  readonly deaths: ServiceDied[];
}

/** Real processes, a real database, free ports; `stop` leaves nothing behind. */
export async function startScratchSystem(env: Record<string, string> = {}): Promise<ScratchSystem> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-e2e-'));
  const lines: ScratchSystem['lines'] = { payment: [], order: [], gateway: [] };
  const deaths: ServiceDied[] = [];
  const system = await startSystem({
    dataDir,
    temporary: true,
    // As lines of JSON, which tests can read.
    env: { NODE_ENV: 'test', LOG_LEVEL: 'info', ...env },
    onLog: (service, line) => lines[service].push(line),
    onDeath: (death) => deaths.push(death),
  });
  return { ...system, lines, deaths };
}
