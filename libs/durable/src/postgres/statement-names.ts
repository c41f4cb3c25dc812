/** The name under which a statement is prepared on the server; undefined for one that is rare. */
export type NameOf = (text: string) => string | undefined;

const worthIt = 3;
const mostNames = 200;
const mostCounted = 1_000;

/**
 * Statements that come again are prepared once a connection, which saves the server parsing and planning them. Statements
 * with many shapes, for example inserts of any number of rows, must not fill its memory: names are few and never given
 * up.
 */
export function createStatementNames(): NameOf {
  const names = new Map<string, string>();
  const seen = new Map<string, number>();
  return (text) => {
    const name = names.get(text);
    if (name !== undefined || names.size === mostNames) return name;
    const times = (seen.get(text) ?? 0) + 1;
    if (seen.size === mostCounted) seen.clear();
    seen.set(text, times);
    if (times < worthIt) return undefined;
    seen.delete(text);
    const fresh = `millrace_${names.size}`;
    names.set(text, fresh);
    return fresh;
  };
}
