import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** Answers grpc.health.v1 for the whole server (the empty name) and for each service. */
export interface Health {
  setServing(on: boolean): void;
}

/** Adds the health service to a server. Not serving until told otherwise. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ['', ...services];
  const health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'NOT_SERVING' as const])),
  );
  health.addToServer(server);
  return {
    setServing: (on) => {
      for (const name of names) health.setStatus(name, on ? 'SERVING' : 'NOT_SERVING');
    },
  };
}
