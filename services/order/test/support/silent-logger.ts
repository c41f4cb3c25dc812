import { createLogger } from '@millrace/runtime';

/** Says nothing, unless ORDER_TEST_LOG asks for a level. */
export const silent = createLogger({
  service: 'test',
  level: process.env.ORDER_TEST_LOG === undefined ? 'silent' : 'debug',
});
