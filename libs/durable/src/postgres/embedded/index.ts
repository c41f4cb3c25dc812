/** A real PostgreSQL server from npm packages, for development, the demo and tests. */
export { startEmbeddedPostgres } from './start.ts';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './start.ts';
export { EmbeddedPostgresFailed } from './failed.ts';
