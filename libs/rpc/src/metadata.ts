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

type Pair = readonly [key: string, value: string | Uint8Array];

/** A list, not a map: calls carry a handful of keys, and every hop of the chain that adds one makes a copy. */
class ListMetadata implements ReadonlyMetadata {
  readonly #pairs: readonly Pair[];

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
  }

  get(key: string): string | undefined {
    const value = this.#find(key.toLowerCase());
    return typeof value === 'string' ? value : undefined;
  }

  getBytes(key: string): Uint8Array | undefined {
    const value = this.#find(key.toLowerCase());
    return typeof value === 'string' ? undefined : value;
  }

  entries(): Iterable<Pair> {
    return this.#pairs;
  }

  #find(key: string): string | Uint8Array | undefined {
    return this.#pairs[indexOf(this.#pairs, key)]?.[1];
  }
}

function indexOf(pairs: readonly Pair[], key: string): number {
  for (let index = 0; index < pairs.length; index++) if (pairs[index]?.[0] === key) return index;
  return -1;
}

/** Metadata from plain values. Keys are lowered. */
export function createMetadata(init: MetadataInit = {}): ReadonlyMetadata {
  return mergeMetadata(NO_METADATA, init);
}

/** A copy with some keys set anew, or taken out by undefined. */
export function mergeMetadata(base: ReadonlyMetadata, patch: MetadataInit): ReadonlyMetadata {
  const pairs: Pair[] = [];
  // The first of several values, as `get` says.
  for (const pair of base.entries()) if (indexOf(pairs, pair[0]) < 0) pairs.push(pair);
  for (const key in patch) {
    const lower = key.toLowerCase();
    const value = patch[key];
    const at = indexOf(pairs, lower);
    if (value === undefined) {
      if (at >= 0) pairs.splice(at, 1);
    } else if (at < 0) pairs.push([lower, value]);
    else pairs[at] = [lower, value];
  }
  return new ListMetadata(pairs);
}

/** Metadata as it was read off the wire. Keys are lower-case; the list is not copied. */
export function listMetadata(pairs: readonly (readonly [string, string | Uint8Array])[]): ReadonlyMetadata {
  return pairs.length === 0 ? NO_METADATA : new ListMetadata(pairs);
}

/** No metadata at all. */
export const NO_METADATA: ReadonlyMetadata = new ListMetadata([]);
