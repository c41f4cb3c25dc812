import { resolve } from 'node:path';
import { z } from 'zod';

/** Node's timers hold at most this many milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Form<T> {
  expected: string;
  parse(text: string): T | undefined;
  /** Show the refused value; never for anything that can hold a secret. */
  echo: boolean;
}

/** A setting read from text; a missing one takes `fallback`, or is refused when there is none. */
function setting<T>(form: Form<T>, fallback: T | undefined): z.ZodType<T> {
  const refuse = (text: string) =>
    `expected ${form.expected}${form.echo ? `, got ${JSON.stringify(text.slice(0, 40))}` : ''}`;
  const schema = z.string({ error: `expected ${form.expected}` }).transform((text, context) => {
    const value = form.parse(text.trim());
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: refuse(text) });
    return z.NEVER;
  });
  if (fallback === undefined) return schema as unknown as z.ZodType<T>;
  return schema.optional().transform((value) => value ?? fallback) as unknown as z.ZodType<T>;
}

function integer(text: string, max: number): number | undefined {
  const value = Number(text);
  return /^\d{1,15}$/.test(text) && value <= max ? value : undefined;
}

/** A TCP port; 0 lets the system choose a free one. */
export function port(fallback?: number): z.ZodType<number> {
  const expected = 'a port number from 0 to 65535';
  return setting({ expected, echo: true, parse: (text) => integer(text, 65_535) }, fallback);
}

/** A whole number of milliseconds. */
export function durationMs(fallback?: number): z.ZodType<number> {
  const expected = `a whole number of milliseconds up to ${MAX_TIMER_MS}`;
  return setting({ expected, echo: true, parse: (text) => integer(text, MAX_TIMER_MS) }, fallback);
}

/** `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`; false when absent. */
export function flag(fallback = false): z.ZodType<boolean> {
  const parse = (text: string): boolean | undefined => {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    return /^(false|0|no|off)$/i.test(text) ? false : undefined;
  };
  return setting({ expected: 'true or false', echo: true, parse }, fallback);
}

/** A URL of one of `schemes` (without the colon), for example `url(['postgres', 'postgresql'])`. Never echoed: it may hold a password. */
export function url(schemes: readonly string[], fallback?: string): z.ZodType<string> {
  const expected = `a URL that begins with ${schemes.map((scheme) => `${scheme}:`).join(' or ')}`;
  const parse = (text: string) =>
    URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)) ? text : undefined;
  return setting({ expected, echo: false, parse }, fallback);
}

/** A file or folder, made absolute from the working directory. Whether it exists is for its reader to say. */
export function path(fallback?: string): z.ZodType<string> {
  const parse = (text: string) => (text === '' || text.includes('\0') ? undefined : resolve(text));
  const absolute = fallback === undefined ? undefined : resolve(fallback);
  return setting({ expected: 'a file path', echo: true, parse }, absolute);
}

/** Whatever `parse` makes of the text, or of `fallback` when there is none. The message of what it throws is the problem shown. */
export function parsed<T>(parse: (text: string) => T, fallback: string): z.ZodType<T> {
  const read = (text: string | undefined, context: z.RefinementCtx): T => {
    try {
      return parse(text ?? fallback);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  };
  return z.string().optional().transform(read) as unknown as z.ZodType<T>;
}
