const COLOURS: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 };
const SHOWN = new Set(['level', 'time', 'service', 'msg', 'trace_id', 'span_id', 'err', 'error']);

/** Turns one JSON line of the logger into `12:30:01 order info  message key=value`, an error's stack below it. */
export function formatLine(line: string, colour = process.stdout.isTTY === true): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const text = (name: string) => (typeof entry[name] === 'string' ? entry[name] : '');
  const paint = (value: string, code = 0) => (colour ? `\u001b[${code}m${value}\u001b[0m` : value);
  const fields = Object.entries(entry).filter(([name]) => !SHOWN.has(name));
  const level = text('level');
  const head = [
    text('time').slice(11, 19),
    text('service').padEnd(8),
    paint(level.padEnd(5), COLOURS[level]),
  ];
  const tail = fields.map(([name, value]) => paint(`${name}=${show(value)}`, 90));
  return `${[...head, text('msg'), ...tail].join(' ')}${errorText(entry.err ?? entry.error)}\n`;
}

function show(value: unknown): string {
  return typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, name, message, cause } = error as Record<string, unknown>;
  const text = typeof stack === 'string' ? stack : `${String(name)}: ${String(message)}`;
  return `\n  ${text.replaceAll('\n', '\n  ')}${errorText(cause)}`;
}
