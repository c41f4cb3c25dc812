import type { ServiceDied } from './service-died.ts';
import { startServiceProcess, type ServiceProcess } from './service-process.ts';
import { environmentOf, SERVICES, type ServiceName, type Surroundings } from './services.ts';

export interface ServiceFleetOptions {
  at: Surroundings;
  /** For every service, on top of what it needs. */
  env: Record<string, string>;
  onLog: (service: ServiceName, line: string) => void;
  onDeath: (death: ServiceDied) => void;
}

/** The services as processes, one each. */
export interface ServiceFleet {
  /** All side by side. Throws ServiceDied; the others then still run. */
  startAll(): Promise<void>;
  kill(name: ServiceName): Promise<void>;
  restart(name: ServiceName): Promise<void>;
  /** Callers before the ones they call. Nothing starts any more. */
  stopAll(): Promise<void>;
}

export function createServiceFleet({ at, env, onLog, onDeath }: ServiceFleetOptions): ServiceFleet {
  const running = new Map<ServiceName, ServiceProcess>();
  let stopped = false;
  const start = async (name: ServiceName): Promise<void> => {
    if (stopped) return;
    const service = startServiceProcess({
      name,
      env: { ...environmentOf(name, at), ...env },
      onLog: (line) => onLog(name, line),
      onDeath,
    });
    running.set(name, service);
    await service.ready;
  };
  const end = async (name: ServiceName, how: 'kill' | 'stop'): Promise<void> => {
    await running.get(name)?.[how]();
    running.delete(name);
  };
  return {
    startAll: async () => void (await Promise.all(SERVICES.map(start))),
    kill: (name) => end(name, 'kill'),
    async restart(name) {
      await end(name, 'stop');
      await start(name);
    },
    async stopAll() {
      stopped = true;
      for (const name of SERVICES.toReversed()) await end(name, 'stop');
    },
  };
}
