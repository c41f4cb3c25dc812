import type { Comparison, Figures } from './compare.ts';
import { formatSpread } from './statistics.ts';

function line(name: string, { perSecond, clientUs, serverUs }: Figures): string {
  const cpu = `${clientUs.median.toFixed(1)} + ${serverUs.median.toFixed(1)} us of CPU, client + server`;
  return `    ${name.padEnd(5)} ${formatSpread(perSecond)}/s   ${cpu}`;
}

/** A comparison for a person to read. */
export function tell(name: string, { bare, full, ratio, disturbed, rounds }: Comparison): string {
  const note = disturbed > 0 ? `, ${disturbed} of ${rounds} rounds disturbed by others` : '';
  return [`  ${name}: ${formatSpread(ratio, 2)} of bare${note}`, line('bare', bare), line('full', full)].join(
    '\n',
  );
}
