/** Jest's global teardown, the counterpart of postgres.ts. */
export { teardown as default } from './postgres.ts';
