/** How a chart looks: the kit stands out, the others stay behind. In light and in dark, as whoever looks prefers. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .note { fill: #59636e; font-size: 12px; }
  .grid { stroke: #d1d9e0; }
  .other { fill: #818b98; stroke: #818b98; }
  .kit { fill: #0969da; stroke: #0969da; }
  .label.kit { fill: #0969da; font-weight: 600; stroke: none; }
  .line { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .other { fill: #9198a1; stroke: #9198a1; }
    .kit { fill: #4493f8; stroke: #4493f8; }
    .label.kit { fill: #4493f8; }
  }
`;

/** Where a text stands and what it is. */
interface TextOptions {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly of?: string;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A coordinate: a tenth of a pixel is enough. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text, escaped. */
export function text(content: string, { x, y, anchor = 'start', of = '' }: TextOptions): string {
  const named = of && ` class="${of}"`;
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${named}>${escape(content)}</text>`;
}

/** A whole picture: its title and note above what it shows. */
export function picture(
  { title, note, width, height }: { title: string; note: string; width: number; height: number },
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    text(title, { x: 0, y: 16, of: 'title' }),
    text(note, { x: 0, y: 36, of: 'note' }),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
