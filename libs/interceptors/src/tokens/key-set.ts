import type { Clock } from '../clock.ts';
import type { Algorithm, VerificationKey } from './json-web-keys.ts';

/** The public keys that tokens are verified with. */
export interface KeySet {
  /** The key of this name, at once or when a set that may hold it is here. */
  find(kid: string): VerificationKey | undefined | Promise<VerificationKey | undefined>;
  /** To be called often: looks now and then whether the keys have changed. */
  refresh(): void;
  /** Grows with every change of the keys. */
  readonly version: number;
}

/** What key sets of every kind are opened with. */
export interface KeySetOptions {
  /** A file's path or a URL. */
  readonly source: string;
  readonly algorithms: readonly Algorithm[];
  readonly clock: Clock;
  /** Told when a set cannot be used; the keys read before stay. */
  readonly onError: (error: unknown) => void;
}
