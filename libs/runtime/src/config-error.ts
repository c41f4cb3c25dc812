/** One setting that cannot be used. `message` never holds the value of a secret. */
export interface ConfigProblem {
  variable: string;
  message: string;
}

/** Thrown at start with every problem at once; `run` and `runMain` print it as one line and exit with 78 (EX_CONFIG). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly reason = 'CONFIG_INVALID';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(`invalid configuration: ${problems.map((p) => `${p.variable} ${p.message}`).join('; ')}`);
    this.problems = problems;
  }
}
