/** Metadata as calls carry it: lower-case keys, one or more values each; keys that end in `-bin` hold bytes. */
export interface ReadonlyMetadata {
  /** The first value of a text key; undefined when there is none, or when it is a `-bin` key. */
  get(key: string): string | undefined;
  /** The first value of a `-bin` key. */
  getBytes(key: string): Uint8Array | undefined;
  /** Every value with its key. */
  entries(): Iterable<readonly [string, string | Uint8Array]>;
}

/** What metadata is made from: a value for each key; undefined leaves the key out. */
export type MetadataInit = Readonly<Record<string, string | Uint8Array | undefined>>;

class MapMetadata implements ReadonlyMetadata {
  readonly #values: ReadonlyMap<string, string | Uint8Array>;

  constructor(values: ReadonlyMap<string, string | Uint8Array>) {
    this.#values = values;
  }

  get(key: string): string | undefined {
    const value = this.#values.get(key.toLowerCase());
    return typeof value === 'string' ? value : undefined;
  }

  getBytes(key: string): Uint8Array | undefined {
    const value = this.#values.get(key.toLowerCase());
    return typeof value === 'string' ? undefined : value;
  }

  entries(): Iterable<readonly [string, string | Uint8Array]> {
    return this.#values.entries();
  }
}

/** Metadata from plain values. Keys are lowered. */
export function createMetadata(init: MetadataInit = {}): ReadonlyMetadata {
  return mergeMetadata(NO_METADATA, init);
}

/** A copy with some keys set anew, or taken out by undefined. */
export function mergeMetadata(base: ReadonlyMetadata, patch: MetadataInit): ReadonlyMetadata {
  const values = new Map<string, string | Uint8Array>();
  // The first of several values, as `get` says.
  for (const [key, value] of base.entries()) if (!values.has(key)) values.set(key, value);
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) values.delete(key.toLowerCase());
    else values.set(key.toLowerCase(), value);
  }
  return new MapMetadata(values);
}

/** No metadata at all. */
export const NO_METADATA: ReadonlyMetadata = new MapMetadata(new Map());
