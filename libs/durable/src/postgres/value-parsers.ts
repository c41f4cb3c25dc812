import type { CustomTypesConfig } from 'pg';
import pg from 'pg';

/** int8 arrives as bigint, so that no amount or position is ever rounded; timestamptz stays a Date. */
export const valueParsers: CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === pg.types.builtins.INT8 && format !== 'binary') return BigInt;
    return pg.types.getTypeParser(oid, format);
  },
};
