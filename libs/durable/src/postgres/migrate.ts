import type { Migration } from 'kysely/migration';
import { Migrator } from 'kysely/migration';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { CodeCompatibility } from './compatibility.ts';
import { checkCompatibility, recordCompatibility } from './compatibility.ts';
import { DurableError } from './errors.ts';
import type { Logger } from './logger.ts';
import { translateError } from './translate-error.ts';

export interface MigrateOptions {
  url: string;
  /** By name; names sort in the order they must run. */
  migrations: Record<string, Migration>;
  /** Which code may work with the schema, see CodeCompatibility. Without it nothing is checked or recorded. */
  compatibility?: CodeCompatibility;
  logger?: Logger;
}

export class MigrationFailed extends DurableError {
  override readonly name = 'MigrationFailed';
  constructor(migration: string, cause: unknown) {
    super({
      reason: 'MIGRATION_FAILED',
      message: `migration ${migration} failed; nothing was changed`,
      cause,
    });
  }
}

/** Any number, the same in every process: whoever holds it migrates, the others wait. */
const migrationLock = 7_203_411_954;

/**
 * Brings the schema up to date in one transaction, so it is done wholly or not at all; safe when several start at once.
 * Throws SchemaTooNew, MigrationFailed, DatabaseUnavailable.
 */
export async function migrate({
  url,
  migrations,
  compatibility,
  logger,
}: MigrateOptions): Promise<{ applied: string[] }> {
  // One connection: the lock belongs to its session, and ends with it if this process dies.
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 5_000 });
  pool.on('error', (error) => logger?.warn({ err: error }, 'the migration connection was lost'));
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`select pg_advisory_lock(${migrationLock})`.execute(db);
    if (compatibility !== undefined) await checkCompatibility(db, compatibility);
    const applied = await migrateToLatest(db, migrations);
    if (compatibility !== undefined) await recordCompatibility(db, compatibility);
    for (const migration of applied) logger?.info({ migration }, 'migration applied');
    return { applied };
  } catch (error) {
    throw translateError(error);
  } finally {
    await db.destroy();
  }
}

async function migrateToLatest(
  db: Kysely<unknown>,
  migrations: Record<string, Migration>,
): Promise<string[]> {
  const all = { ...(await foreignMigrations(db)), ...migrations };
  const provider = { getMigrations: () => Promise.resolve(all) };
  const migrator = new Migrator({ db, provider, allowUnorderedMigrations: true });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === 'Error');
    throw new MigrationFailed(failed?.migrationName ?? '(preparation)', error);
  }
  return results.map(({ migrationName }) => migrationName);
}

/** Migrations of newer code that ran already. They stand in the list as done, so that older code can be rolled back to. */
async function foreignMigrations(db: Kysely<unknown>): Promise<Record<string, Migration>> {
  const { rows: found } = await sql`select 1 from pg_tables where tablename = 'kysely_migration'`.execute(db);
  if (found.length === 0) return {};
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return Object.fromEntries(rows.map(({ name }) => [name, { up: () => Promise.resolve() }]));
}
