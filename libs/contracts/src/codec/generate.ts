/**
 * A piece of source text and the values that it names. Into the text itself go only numbers and names of descriptors, and names only as
 * `JSON.stringify` writes them: nothing that comes over the wire is ever evaluated.
 */
export class Scope {
  readonly #values = new Map<unknown, string>();

  /** The name of a value, in the text. */
  nameOf(value: unknown): string {
    const name = this.#values.get(value) ?? `$${this.#values.size}`;
    this.#values.set(value, name);
    return name;
  }

  /** Runs the text, a function's body, and returns what it returns. */
  run<T>(source: string): T {
    // As constants of a scope that is entered once, V8 compiles the values in.
    const names = [...this.#values.values()].join(', ');
    const body = `"use strict"; const [${names}] = values;\n${source}`;
    return new Function('values', body)([...this.#values.keys()]) as T;
  }
}

/** Whether this process lets code be made of text: not with `node --disallow-code-generation-from-strings`. */
export function canGenerate(): boolean {
  try {
    return new Scope().run<boolean>('return true;');
  } catch {
    return false;
  }
}
