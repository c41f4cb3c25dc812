import type { DurationRules, TimestampRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { Check } from './check.ts';
import { NUMERIC_RULES, type NumericRules } from './numeric-rules.ts';
import type { RuleChecks } from './rule-checks.ts';

/** What a Timestamp and a Duration are made of. */
interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

type TimeRules = TimestampRules | DurationRules;

/** From the year 1 to the year 9999. What is to be said about other times is protovalidate's affair. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800n, 253_402_300_799n];

function isTime({ seconds, nanos }: Time): boolean {
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos < 1e9;
}

function inNanos({ seconds, nanos }: Time): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}

/** A bound in nanoseconds. That it is to be the present is a rule of its own, which is left. */
function bound<C extends string>(given: { case: C | undefined; value?: Time | boolean | undefined }) {
  const { case: kind, value } = given;
  return typeof value === 'object' ? { case: kind, value: inNanos(value) } : { case: undefined };
}

function numeric({ const: only, greaterThan, lessThan, ...rules }: TimeRules): NumericRules {
  return {
    const: only ? inNanos(only) : 0n,
    in: 'in' in rules ? rules.in.map(inNanos) : [],
    notIn: 'notIn' in rules ? rules.notIn.map(inNanos) : [],
    greaterThan: bound(greaterThan) as NumericRules['greaterThan'],
    lessThan: bound(lessThan) as NumericRules['lessThan'],
  };
}

function onTime(name: string): (rules: TimeRules) => Check<Time> | undefined {
  return (rules) => {
    const check = NUMERIC_RULES[name]?.(numeric(rules));
    return check && ((time) => isTime(time) && check(inNanos(time)));
  };
}

const NAMES = ['const', 'in', 'notIn', 'gt', 'gte', 'lt', 'lte'];

/** The rules of timestamps, and of durations from zero up; those that ask for the present are left. */
export const TIME_RULES: RuleChecks<TimeRules, Time> = {
  example: () => undefined,
  ...Object.fromEntries(NAMES.map((name) => [name, onTime(name)])),
};
