import colours from 'picocolors';
import type { ServiceName } from './services.ts';

const COLOURS = { payment: colours.magenta, order: colours.blue, gateway: colours.cyan } as const;
const LEVELS: Readonly<Record<string, (text: string) => string>> = {
  debug: colours.dim,
  warn: colours.yellow,
  error: colours.red,
};
const HIDDEN = new Set(['level', 'time', 'service', 'msg', 'trace_id', 'span_id']);

/** A line as the runtime's logger writes it for people: `12:30:01 order info  message key=value`. */
const PRETTY = /^\d\d:\d\d:\d\d \w+ +(debug|info|warn|error) +(.*)$/;

interface Entry {
  level: string;
  text: string;
}

/** One line of a service's log for a person: who, what, and the fields; a line of no known form stays as it is. */
export function formatLog(service: ServiceName, line: string): string {
  const { level, text } = fromJson(line) ?? fromPretty(line) ?? { level: '', text: line };
  const paint = LEVELS[level];
  return `${COLOURS[service](service.padEnd(8))} ${paint ? paint(`${level} ${text}`) : text}`;
}

function fromPretty(line: string): Entry | undefined {
  const [, level, text] = PRETTY.exec(line) ?? [];
  return level === undefined || text === undefined ? undefined : { level, text };
}

function fromJson(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const fields = Object.entries(entry)
      .filter(([name]) => !HIDDEN.has(name))
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return { level: String(entry['level']), text: [String(entry['msg']), ...fields].join(' ') };
  } catch {
    return undefined;
  }
}
