import { readSecureFiles, type Secured, type SecureFiles } from './secure-files.ts';

/** How files that change are followed. */
export interface WatchOptions {
  /** How often they are looked at, while there are connections to make; in ms. Default 2,000. */
  readonly checkEveryMs?: number | undefined;
  /** Told, once for each state of the files, that they have changed and cannot be used; what was read before stays. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * What is in the files now. They are looked at when somebody asks, by their contents: Kubernetes replaces them by changing a link,
 * which watchers of files miss. No timer, so nothing to stop. They are small and local, and are read synchronously.
 */
export class WatchedFiles {
  readonly #files: SecureFiles;
  readonly #checkEveryMs: number;
  readonly #onError: (error: unknown) => void;
  #secured: Secured;
  #checkedMs = performance.now();
  #refused = '';

  /** @throws TlsError when they cannot be used at first. */
  constructor(files: SecureFiles, { checkEveryMs = 2_000, onError = () => undefined }: WatchOptions = {}) {
    this.#files = files;
    this.#checkEveryMs = checkEveryMs;
    this.#onError = onError;
    this.#secured = readSecureFiles(files);
  }

  /** The same object as before when nothing has changed. */
  current(): Secured {
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs >= this.#checkEveryMs) {
      this.#checkedMs = nowMs;
      this.#look();
    }
    return this.#secured;
  }

  #look(): void {
    try {
      const found = this.#read();
      if (found.text !== this.#secured.text) this.#secured = found;
      this.#refused = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#refused) this.#onError(error);
      this.#refused = message;
    }
  }

  /** Twice where need be: between reading a certificate and its key both may have been replaced. */
  #read(): Secured {
    try {
      return readSecureFiles(this.#files);
    } catch {
      return readSecureFiles(this.#files);
    }
  }
}
