import { at, picture, text } from './svg.ts';

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Whether it is ours. */
  readonly isKit: boolean;
}

const WIDTH = 760;
const TOP = 52;
const ROW = 30;
const BAR = 18;
const LABELS = 210;
const VALUES = 90;

/** Bars from one zero, the longest first. */
export function barChart(heading: { title: string; note: string }, bars: readonly Bar[]): string {
  const sorted = bars.toSorted((a, b) => b.value - a.value);
  const most = sorted[0]?.value ?? 1;
  const rows = sorted.map(({ label, value, isKit }, index) => {
    const y = TOP + index * ROW;
    const length = (value / most) * (WIDTH - LABELS - VALUES);
    const of = isKit ? 'kit' : 'other';
    const shown = Math.round(value).toLocaleString('en');
    return [
      text(label, {
        x: LABELS - 10,
        y: y + 14,
        anchor: 'end',
        of: `label ${of === 'kit' ? 'kit' : ''}`.trim(),
      }),
      `<rect x="${LABELS}" y="${y}" width="${at(length)}" height="${BAR}" class="${of}"/>`,
      text(shown, { x: LABELS + length + 8, y: y + 14 }),
    ].join('\n');
  });
  return picture({ ...heading, width: WIDTH, height: TOP + sorted.length * ROW + 4 }, rows);
}
