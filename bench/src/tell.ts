import type { Comparison } from './compare.ts';
import type { Figures } from './sample.ts';
import { formatSpread, type Spread } from './statistics.ts';

function latency({ p50Ms, p99Ms }: Figures): string {
  if (Number.isNaN(p50Ms.median)) return '';
  const ms = ({ median }: Spread): string => median.toFixed(median < 10 ? 2 : 0);
  return `, p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms`;
}

function line(figures: Figures): string {
  const { perSecond, clientUs, serverUs, failed } = figures;
  const cpu = `${clientUs.median.toFixed(1)} + ${serverUs.median.toFixed(1)} us of CPU, client + server`;
  const failures = failed.high > 0 ? `, up to ${(100 * failed.high).toFixed(2)} % FAILED` : '';
  return `${formatSpread(perSecond)}/s   ${cpu}${latency(figures)}${failures}`;
}

/** A comparison for a person to read; each pair's rate also by that of the one named `to`. */
export function tell<N extends string>(title: string, compared: Comparison<N>, to: N): string {
  const { names, figures, disturbed, rounds } = compared;
  const note = disturbed > 0 ? `, ${disturbed} of ${rounds} rounds disturbed by others` : '';
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => {
    const ratio = name === to ? '' : `   ${formatSpread(compared.ratio(name, to), 2)} of ${to}`;
    return `    ${name.padEnd(width)} ${line(figures[name])}${ratio}`;
  });
  return [`  ${title}${note}`, ...lines].join('\n');
}
