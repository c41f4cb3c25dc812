import { randomUUID } from 'node:crypto';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { freeRelay, leaseRelay } from './relay-store.ts';

/** The right to be the one relay of a database, for a time. */
export interface RelayLease {
  /** What every write of its holder names; undefined while another process has it. */
  readonly token: bigint | undefined;
  /** Takes or prolongs it where that is due, and gives the token. */
  hold(): Promise<bigint | undefined>;
  free(): Promise<void>;
}

/** Prolonged after a third of `leaseMs`. */
export function createRelayLease<S extends DurableTables>(db: Database<S>, leaseMs: number): RelayLease {
  const owner = randomUUID();
  let token: bigint | undefined;
  let renewAt = 0;
  return {
    get token() {
      return token;
    },
    async hold() {
      if (token === undefined || performance.now() > renewAt) {
        renewAt = performance.now() + leaseMs / 3;
        token = await db.read((on) => leaseRelay(engineTables(on), owner, leaseMs));
      }
      return token;
    },
    async free() {
      const mine = token;
      token = undefined;
      if (mine !== undefined) await db.read((on) => freeRelay(engineTables(on), mine));
    },
  };
}
