import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { Engine } from './engine.ts';
import { LeaseLost } from './errors.ts';
import type { Lease } from './saga-store.ts';
import { giveBack, renewLeases } from './saga-store.ts';

export interface LeaseKeeper {
  /** Renews until released; the signal aborts when somebody else has the saga. */
  hold(lease: Lease): AbortSignal;
  /** Ends the renewing; with `giveBack` anybody may go on at once, otherwise the lease is gone already. */
  release(lease: Lease, how: { giveBack: boolean }): void;
  /** Writes what is to be given back; what the database does not take now is tried again at the next flush. */
  flush(): Promise<void>;
  stop(): void;
}

/** Renews all leases of a runner in one statement, and gives back in one. */
export function createLeaseKeeper<S extends DurableTables>(engine: Engine<S>): LeaseKeeper {
  const { db, onError } = engine.options;
  const held = new Map<string, { lease: Lease; lost: AbortController }>();
  let returned: Lease[] = [];
  let renewing = false;

  const renew = async (): Promise<void> => {
    if (held.size === 0 || renewing) return;
    renewing = true;
    const asked = [...held.values()];
    try {
      const leases = asked.map(({ lease }) => lease);
      const kept = await db.read((on) => renewLeases(engineTables(on), leases, engine.leaseMs));
      for (const { lease, lost } of asked) if (!kept.has(lease.id)) lost.abort(new LeaseLost(lease.id));
    } catch (error) {
      onError?.(error, undefined);
    } finally {
      renewing = false;
    }
  };
  const timer = setInterval(() => void renew(), engine.leaseMs / 3);

  return {
    hold(lease) {
      const lost = new AbortController();
      // The same runner can claim again what it lost by being slow.
      held.get(lease.id)?.lost.abort(new LeaseLost(lease.id));
      held.set(lease.id, { lease, lost });
      return lost.signal;
    },
    release(lease, how) {
      if (held.get(lease.id)?.lease === lease) held.delete(lease.id);
      if (how.giveBack) returned.push(lease);
    },
    async flush() {
      const leases = returned;
      returned = [];
      try {
        await db.read((on) => giveBack(engineTables(on), leases));
      } catch (error) {
        returned = [...leases, ...returned];
        throw error;
      }
    },
    stop: () => clearInterval(timer),
  };
}
