import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { DurableError } from './errors.ts';

/**
 * Versions are whole numbers, raised with each release that changes the schema. A schema change that older code
 * cannot live with raises `minCompatibleCode`; all others leave it, so that a rollback works.
 */
export interface CodeCompatibility {
  codeVersion: number;
  /** The oldest code that can work with the schema this code makes. */
  minCompatibleCode: number;
}

/** The schema needs newer code than this process runs. */
export class SchemaTooNew extends DurableError {
  override readonly name = 'SchemaTooNew';
  constructor(needed: number, codeVersion: number) {
    const message = `the database schema needs code version ${needed} or newer, this is ${codeVersion}`;
    super({ reason: 'SCHEMA_TOO_NEW', message });
  }
}

interface Row {
  min_compatible_code: number;
}

/** Throws SchemaTooNew. */
export async function checkCompatibility<S>(
  db: Kysely<S>,
  { codeVersion }: CodeCompatibility,
): Promise<void> {
  const { rows: found } = await sql`select 1 from pg_tables where tablename = 'schema_version'`.execute(db);
  if (found.length === 0) return;
  const { rows } = await sql<Row>`select min_compatible_code from schema_version`.execute(db);
  const needed = rows[0]?.min_compatible_code ?? 0;
  if (needed > codeVersion) throw new SchemaTooNew(needed, codeVersion);
}

/** Never lowers what newer code has recorded. */
export async function recordCompatibility<S>(db: Kysely<S>, code: CodeCompatibility): Promise<void> {
  await sql`create table if not exists schema_version (
    one boolean primary key default true check (one), min_compatible_code integer not null)`.execute(db);
  await sql`insert into schema_version (min_compatible_code) values (${code.minCompatibleCode})
    on conflict (one) do update set min_compatible_code =
      greatest(schema_version.min_compatible_code, excluded.min_compatible_code)`.execute(db);
}
