import colours from 'picocolors';
import { count, money } from '../books/finding.ts';
import type { Verdict } from '../books/read-findings.ts';
import type { Totals } from '../books/totals.ts';
import type { Observations } from '../load/observations.ts';

export interface Summary {
  totals: Totals;
  verdicts: readonly Verdict[];
  observed: Observations;
  tookMs: number;
  retries: number;
  /** Orders without an answer, with the reason. */
  failures: readonly string[];
  /** The command that repeats the run. */
  again: string;
}

const SHOWN_FAILURES = 5;

function row(name: string, ...values: string[]): string {
  return `  ${name.padEnd(14)} ${values.join('   ')}`;
}

function ordersBlock({ totals, observed, failures }: Summary): string[] {
  const repeated = [...observed.answers.values()].filter((answers) => answers.length > 1);
  const alike = repeated.filter((answers) => new Set(answers.map(({ bytes }) => bytes)).size === 1).length;
  const parts: [string, number | bigint][] = [
    ['confirmed', totals.confirmed],
    ['declined', totals.declined],
    ['out of stock', totals.outOfStock],
    ['cancelled', totals.cancelled],
    ['undecided', totals.other],
    ['unanswered', failures.length],
  ];
  const shown = parts.filter(([name, n]) => n > 0 || ['confirmed', 'declined', 'cancelled'].includes(name));
  return [
    row('placed', colours.bold(count(totals.orders))),
    ...shown.map(([name, n]) => row(`  ${name}`, count(n).padStart(count(totals.orders).length))),
    ...(repeated.length > 0
      ? [row('sent twice', `${count(repeated.length)}, ${count(alike)} of them answered alike`)]
      : []),
  ];
}

function moneyBlock({ totals }: Summary): string[] {
  return totals.money.map(({ currency, charged, refunded, confirmed }) => {
    const net = charged - refunded;
    const sum = `${money(charged, currency)} charged − ${money(refunded, currency)} refunded = ${colours.bold(money(net, currency))}`;
    return row('money', `${sum}; confirmed orders are worth ${colours.bold(money(confirmed, currency))}`);
  });
}

function speedLine({ observed, tookMs, retries }: Summary): string {
  const { latency } = observed;
  const ms = (percentile: number) => `${(latency.getValueAtPercentile(percentile) / 1000).toFixed(0)} ms`;
  const rate = (latency.totalCount / (tookMs / 1000)).toFixed(0);
  return row(
    'speed',
    `${rate} orders/s`,
    `p50 ${ms(50)}`,
    `p99 ${ms(99)}`,
    ...(retries > 0 ? [`${count(retries)} ${retries === 1 ? 'attempt' : 'attempts'} repeated`] : []),
  );
}

function verdictLine({ id, title, ok, detail }: Verdict): string {
  const mark = ok ? colours.green('✔') : colours.red('✘');
  return `  ${mark} ${colours.bold(id)} ${title.padEnd(44)} ${ok ? colours.dim(detail) : colours.red(detail)}`;
}

/** Whether everything holds: the exit status says the same. */
export function isSound({ verdicts, failures }: Pick<Summary, 'verdicts' | 'failures'>): boolean {
  return failures.length === 0 && verdicts.every(({ ok }) => ok);
}

/** The run on one screen. */
export function formatSummary(summary: Summary): string {
  const { failures, verdicts } = summary;
  const broken = verdicts.filter(({ ok }) => !ok).length;
  const last = isSound(summary)
    ? colours.green('The books balance.')
    : colours.red(
        broken > 0
          ? `${broken} of ${verdicts.length} invariants are broken.`
          : 'Not every order was answered.',
      );
  return [
    '',
    ...ordersBlock(summary),
    ...moneyBlock(summary),
    speedLine(summary),
    ...failures.slice(0, SHOWN_FAILURES).map((text) => `  ${colours.red('✘')} ${text}`),
    '',
    ...verdicts.map(verdictLine),
    '',
    `${last} ${colours.dim(`Once more: ${summary.again}`)}`,
  ].join('\n');
}
