import type { Check } from './check.ts';
import type { RuleChecks } from './rule-checks.ts';

type Num = number | bigint;
type Bound<C extends string> =
  { readonly case: C; readonly value: Num } | { readonly case: undefined; readonly value?: undefined };

/** What the rules of all twelve numeric types have in common. */
export interface NumericRules {
  readonly const: Num;
  readonly in: readonly Num[];
  readonly notIn: readonly Num[];
  readonly finite?: boolean;
  readonly greaterThan: Bound<'gt' | 'gte'>;
  readonly lessThan: Bound<'lt' | 'lte'>;
}

function above({ case: kind, value: min }: NumericRules['greaterThan']): Check<Num> | undefined {
  if (kind === undefined) return undefined;
  return kind === 'gt' ? (value) => value > min : (value) => value >= min;
}

function below({ case: kind, value: max }: NumericRules['lessThan']): Check<Num> | undefined {
  if (kind === undefined) return undefined;
  return kind === 'lt' ? (value) => value < max : (value) => value <= max;
}

/** Both bounds at once: an upper one under the lower one allows what is outside of the two. NaN is in no range. */
function within({ greaterThan, lessThan }: NumericRules): Check<Num> | undefined {
  const [over, under] = [above(greaterThan), below(lessThan)];
  if (!over || !under) return over ?? under;
  const isInside = (lessThan.value ?? 0) >= (greaterThan.value ?? 0);
  return isInside ? (value) => over(value) && under(value) : (value) => over(value) || under(value);
}

function withinUnlessDone(rules: NumericRules): Check<Num> | undefined {
  return rules.greaterThan.case === undefined ? within(rules) : undefined;
}

/** The rules of numbers; compared by ===, to which NaN is in no list. */
export const NUMERIC_RULES: RuleChecks<NumericRules, Num> = {
  example: () => undefined,
  const: (rules) => (value) => value === rules.const,
  in: (rules) => (value) => rules.in.indexOf(value) >= 0,
  notIn: ({ notIn }) => {
    return (value) => notIn.indexOf(value) < 0;
  },
  finite: ({ finite }) => (finite ? (value) => Number.isFinite(value) : undefined),
  gt: within,
  gte: within,
  lt: withinUnlessDone,
  lte: withinUnlessDone,
};
