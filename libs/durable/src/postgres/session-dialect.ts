import type { Dialect, Driver } from 'kysely';
import { CompiledQuery, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { Session } from './session.ts';

/** A Kysely dialect that speaks through one session; acquiring and releasing is done outside. */
export function sessionDialect(session: Session): Dialect {
  const driver: Driver = {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(session),
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
    beginTransaction: async (_, { isolationLevel }) => {
      const level = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`;
      await session.executeQuery(CompiledQuery.raw(`begin${level}`));
    },
    commitTransaction: () => session.commit(),
    rollbackTransaction: () => session.rollback(),
  };
  return {
    createDriver: () => driver,
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}
