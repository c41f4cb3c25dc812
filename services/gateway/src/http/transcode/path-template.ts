/** A path of google.api.http, such as `/v1/orders/{order_id}:cancel`, ready to match. */
export interface PathTemplate {
  readonly text: string;
  /** Field paths of its variables, in order. */
  readonly variables: readonly string[];
  /** Sorts before another template that is less exact. */
  readonly rank: string;
  readonly hasVerb: boolean;
  /** The variables' values, or undefined when the path is another one. Throws URIError on broken percent-encoding. */
  match(path: string): Readonly<Record<string, string>> | undefined;
}

const TEMPLATE = /^((?:\/(?:[^{}/:]+|\{[^{}]+\}))+)(?::([^{}/:*]+))?$/;
const SEGMENT = /\/(?:\{([^{}=]+)(?:=([^{}]+))?\}|([^{}/]+))/g;
const FIELD_PATH = /^[a-z_]\w*(\.[a-z_]\w*)*$/i;

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function patternOf(segment: string): string {
  if (segment === '*') return '[^/]+';
  return segment === '**' ? '.*' : escape(segment);
}

/** Exact segments before wildcards, wildcards before `**`. */
const rankOf = (segment: string): string => (segment === '**' ? '2' : segment === '*' ? '1' : '0');

/** What a variable of several segments keeps: an encoded slash is not a slash between segments. */
function decode(value: string, manySegments: boolean): string {
  return decodeURIComponent(manySegments ? value.replaceAll(/%2f/gi, '%252F') : value);
}

/** Reads a template. Throws when it is none. */
export function parseTemplate(text: string): PathTemplate {
  const [, segments, verb] = TEMPLATE.exec(text) ?? [];
  if (segments === undefined) throw new Error(`${text} is not a path template of google.api.http`);
  const variables: { name: string; manySegments: boolean }[] = [];
  const ranks: string[] = [];
  let source = '';
  for (const [, name, pattern = '*', literal] of segments.matchAll(SEGMENT)) {
    const parts = (literal ?? pattern).split('/');
    ranks.push(...parts.map(rankOf));
    const inner = parts.map(patternOf).join('/');
    source += name === undefined ? `/${inner}` : `/(${inner})`;
    if (name === undefined) continue;
    if (!FIELD_PATH.test(name)) throw new Error(`${text}: ${name} is not a field path`);
    variables.push({ name, manySegments: parts.length > 1 || pattern === '**' });
  }
  const whole = new RegExp(`^${source}${verb === undefined ? '' : `:${escape(verb)}`}$`);
  return {
    text,
    variables: variables.map(({ name }) => name),
    rank: `${verb === undefined ? 1 : 0}${ranks.join('')}`,
    hasVerb: verb !== undefined,
    match(path) {
      const found = whole.exec(path);
      if (!found) return undefined;
      return Object.fromEntries(
        variables.map(({ name, manySegments }, i) => [name, decode(found[i + 1] ?? '', manySegments)]),
      );
    },
  };
}
