interface Entry {
  /** How long a call takes that waits for no other; undefined until it was learned. */
  usualMs: number | undefined;
  sumMs: number;
  count: number;
}

/** How long calls take, by method: usually, and lately. */
export class LatencyBook {
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  /** How many calls were added lately. */
  get count(): number {
    return this.#count;
  }

  add(method: string, tookMs: number): void {
    let entry = this.#entries.get(method);
    if (!entry) this.#entries.set(method, (entry = { usualMs: undefined, sumMs: 0, count: 0 }));
    entry.sumMs += tookMs;
    entry.count++;
    this.#count++;
  }

  /** How many times their usual time calls took lately, over all methods; 1 where nothing is known. */
  stretch(): number {
    let stretched = 0;
    for (const { usualMs, sumMs, count } of this.#entries.values()) {
      stretched += usualMs ? sumMs / usualMs : count;
    }
    return this.#count > 0 && stretched > 0 ? stretched / this.#count : 1;
  }

  /** Takes what was seen lately for the usual, with this weight against what was known. */
  learn(weight: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.count === 0) continue;
      const meanMs = entry.sumMs / entry.count;
      entry.usualMs =
        entry.usualMs === undefined ? meanMs : entry.usualMs + weight * (meanMs - entry.usualMs);
    }
  }

  /** Forgets what was seen lately. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.sumMs = entry.count = 0;
    this.#count = 0;
  }
}
