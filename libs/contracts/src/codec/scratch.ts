/**
 * Eight bytes in which numbers change their form: from bigint or double to two halves of 32 bits, and back. V8 compiles both ways to a
 * few instructions, where arithmetic on bigints would call into its runtime.
 */
export const scratch = new DataView(new ArrayBuffer(8));
