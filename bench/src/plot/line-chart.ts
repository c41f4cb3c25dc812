import { spreadLabels } from './spread-labels.ts';
import { at, picture, text } from './svg.ts';

/** One line: a value for each of some sizes. */
export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [size: number, value: number])[];
  /** Whether it is ours. */
  readonly isKit: boolean;
}

const WIDTH = 760;
const HEIGHT = 400;
const PLOT = { left: 70, right: 560, top: 56, bottom: 360 };
const LABELS_APART = 17;

/** Where a value lies between two others when each step is as many times more. */
function share(value: number, [least, most]: readonly [number, number]): number {
  return most > least ? Math.log(value / least) / Math.log(most / least) : 0;
}

/** The powers of ten around some values. */
function decades(values: readonly number[]): readonly [number, number] {
  return [
    10 ** Math.floor(Math.log10(Math.min(...values))),
    10 ** Math.ceil(Math.log10(Math.max(...values))),
  ];
}

/** Lines over both axes in powers, each with its label at its end. */
export function lineChart(
  heading: { title: string; note: string; below: string },
  lines: readonly Line[],
): string {
  const sizes = [...new Set(lines.flatMap(({ points }) => points.map(([size]) => size)))].sort(
    (a, b) => a - b,
  );
  const reach = decades(lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const ends = [sizes[0] ?? 1, sizes.at(-1) ?? 1] as const;
  const x = (size: number): number => PLOT.left + share(size, ends) * (PLOT.right - PLOT.left);
  const y = (value: number): number => PLOT.bottom - share(value, reach) * (PLOT.bottom - PLOT.top);
  const parts: string[] = [];
  for (let value = reach[0]; value <= reach[1]; value *= 10) {
    parts.push(
      `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(value))}" y2="${at(y(value))}" class="grid"/>`,
      text(value.toLocaleString('en'), { x: PLOT.left - 8, y: y(value) + 4, anchor: 'end', of: 'note' }),
    );
  }
  for (const size of sizes)
    parts.push(text(String(size), { x: x(size), y: PLOT.bottom + 20, anchor: 'middle', of: 'note' }));
  const middle = (PLOT.left + PLOT.right) / 2;
  parts.push(text(heading.below, { x: middle, y: PLOT.bottom + 38, anchor: 'middle', of: 'note' }));
  const places = spreadLabels(
    lines.map(({ points }) => y(points.at(-1)?.[1] ?? reach[0])),
    LABELS_APART,
  );
  for (const [index, { label, points, isKit }] of lines.entries()) {
    const of = isKit ? 'kit' : 'other';
    const path = points.map(([size, value]) => `${at(x(size))},${at(y(value))}`).join(' ');
    parts.push(
      `<polyline points="${path}" class="line ${of}" style="fill:none"/>`,
      ...points.map(
        ([size, value]) => `<circle cx="${at(x(size))}" cy="${at(y(value))}" r="3" class="${of}"/>`,
      ),
      text(label, {
        x: PLOT.right + 14,
        y: (places[index] as number) + 4,
        of: isKit ? 'label kit' : 'label',
      }),
    );
  }
  return picture({ ...heading, width: WIDTH, height: HEIGHT }, parts);
}
