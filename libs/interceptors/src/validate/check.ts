/** Says yes only to a value that keeps its rules. A no may be wrong: then protovalidate has the last word. */
export type Check<T> = (value: T) => boolean;

/** In place of a rule that is not compiled: whatever it would say of a value, protovalidate is asked. */
export const leftToProtovalidate: Check<unknown> = () => false;

/** One check of many, in their order; undefined where there is nothing to check. */
export function all<T>(given: readonly (Check<T> | undefined)[]): Check<T> | undefined {
  const checks = given.filter((check) => check !== undefined);
  const [first, second, third] = checks;
  if (!first || !second) return first;
  if (!third) return (value) => first(value) && second(value);
  return (value) => {
    for (const check of checks) if (!check(value)) return false;
    return true;
  };
}
