/** For tests: a fresh database on the server that the Jest run's global setup offers. */
export { createTestDatabase } from './create-test-database.ts';
export type { TestDatabase } from './create-test-database.ts';
