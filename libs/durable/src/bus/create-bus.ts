import { DurableError } from '../postgres/errors.ts';
import type { Bus, BusOptions } from './bus.ts';

type Driver = (url: string, options: BusOptions) => Promise<Bus>;

/** Loaded when chosen, so that nobody pays for a client library of a broker that is not used. */
const drivers: Record<string, () => Promise<Driver>> = {
  postgres: async () => (await import('./postgres/create-postgres-bus.ts')).createPostgresBus,
  postgresql: async () => (await import('./postgres/create-postgres-bus.ts')).createPostgresBus,
};

/** Opens the bus that the URL's scheme names, ready for use. */
export async function createBus(url: string, options: BusOptions = {}): Promise<Bus> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? '';
  const load = Object.hasOwn(drivers, scheme) ? drivers[scheme] : undefined;
  if (load === undefined) {
    const known = Object.keys(drivers).map((name) => `${name}:`);
    const message = `no bus driver for "${scheme}:"; known are ${known.join(', ')}`;
    throw new DurableError({ reason: 'UNKNOWN_BUS_SCHEME', message });
  }
  return (await load())(url, options);
}
