import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings that `schema` names from flat environment variables. An empty variable counts as absent, as
 * compose files and shells write `NAME=` for that.
 * @throws ConfigError with a problem for each unusable variable, not only the first.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Environment = process.env): z.output<S> {
  const values = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  );
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const problems = new Map<string, ConfigProblem>();
  for (const issue of result.error.issues) {
    const variable = String(issue.path[0] ?? 'settings');
    const unset = issue.path.length > 0 && values[variable] === undefined;
    // The first issue of a variable is the most basic one; the rest usually follow from it.
    if (!problems.has(variable))
      problems.set(variable, { variable, message: describe(issue.message, unset) });
  }
  throw new ConfigError([...problems.values()]);
}

function describe(zodMessage: string, unset: boolean): string {
  const message = zodMessage.replace(/^Invalid (input|option): /, '').replace(/, received \w+$/, '');
  return unset ? `is not set, ${message}` : message;
}
