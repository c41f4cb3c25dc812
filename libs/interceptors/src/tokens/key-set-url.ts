import { Code, RpcError } from '@millrace/rpc';
import { checkKeySetUrl, fetchText } from './fetch-text.ts';
import { parseKeySet, type VerificationKey } from './json-web-keys.ts';
import type { KeySet, KeySetOptions } from './key-set.ts';

/** After this time the keys are fetched again, while those at hand are used on. */
const MAX_AGE_MS = 300_000;
/** Between two fetches, whatever strangers write into their tokens; without any key yet, a shorter time. */
const COOLDOWN_MS = 30_000;
const FIRST_COOLDOWN_MS = 1_000;
const TIMEOUT_MS = 3_000;
const MAX_BYTES = 256 * 1024;

function unavailable(): RpcError {
  const init = { reason: 'KEYS_UNAVAILABLE', sent: 'refused', retryDelayMs: FIRST_COOLDOWN_MS } as const;
  return new RpcError(Code.UNAVAILABLE, 'callers cannot be recognized right now', init);
}

/**
 * Keys of one issuer from a URL. They are fetched at once, every five minutes while there are calls, and when a token names one that is
 * not known (at most every 30 s). Where they cannot be fetched, those at hand stay, however old. Throws for a URL that is not https.
 */
class FetchedKeySet implements KeySet {
  readonly #options: KeySetOptions;
  #text = '';
  #keys: ReadonlyMap<string, VerificationKey> | undefined;
  #version = 0;
  #fetchedMs = -Infinity;
  #triedMs = -Infinity;
  #pending: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    checkKeySetUrl(options.source);
    this.#options = options;
    void this.#fetch();
  }

  get version(): number {
    return this.#version;
  }

  find(kid: string): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    const key = this.#keys?.get(kid);
    if (key) return key;
    const pending = this.#pending ?? (this.#mayTry() ? this.#fetch() : undefined);
    if (pending) return pending.then(() => this.#found().get(kid));
    return this.#found().get(kid);
  }

  refresh(): void {
    const isOld = this.#options.clock.now() - this.#fetchedMs >= MAX_AGE_MS;
    if (isOld && !this.#pending && this.#mayTry()) void this.#fetch();
  }

  #found(): ReadonlyMap<string, VerificationKey> {
    if (!this.#keys) throw unavailable();
    return this.#keys;
  }

  #mayTry(): boolean {
    const cooldownMs = this.#keys ? COOLDOWN_MS : FIRST_COOLDOWN_MS;
    return this.#options.clock.now() - this.#triedMs >= cooldownMs;
  }

  #fetch(): Promise<void> {
    const { source, algorithms, clock, onError } = this.#options;
    const take = (text: string) => {
      if (text !== this.#text) {
        this.#keys = parseKeySet(text, { source, algorithms });
        this.#text = text;
        this.#version++;
      }
      this.#fetchedMs = clock.now();
    };
    this.#triedMs = clock.now();
    this.#pending = fetchText(source, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
      .then(take)
      .catch(onError)
      .finally(() => (this.#pending = undefined));
    return this.#pending;
  }
}

/** Opens a set of keys that are fetched. */
export function openKeySetUrl(options: KeySetOptions): KeySet {
  return new FetchedKeySet(options);
}
