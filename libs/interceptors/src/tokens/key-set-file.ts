import { readFileSync } from 'node:fs';
import { parseKeySet } from './json-web-keys.ts';
import type { KeySet, KeySetOptions } from './key-set.ts';

const CHECK_EVERY_MS = 1_000;

/**
 * Keys from a JWKS file, read again at most once a second. Throws when the file cannot be read at first. Reads synchronously: it is a
 * small local file (and times of change are too coarse to go by).
 */
export function openKeySetFile({ source, algorithms, clock, onError }: KeySetOptions): KeySet {
  let text = readFileSync(source, 'utf8');
  let keys = parseKeySet(text, { source, algorithms });
  let checkedMs = clock.now();
  let version = 0;
  const reload = () => {
    const found = readFileSync(source, 'utf8');
    if (found === text) return;
    keys = parseKeySet(found, { source, algorithms });
    text = found;
    version++;
  };
  return {
    find: (kid) => keys.get(kid),
    refresh() {
      const nowMs = clock.now();
      if (nowMs - checkedMs < CHECK_EVERY_MS) return;
      checkedMs = nowMs;
      try {
        reload();
      } catch (error) {
        onError(error);
      }
    },
    get version() {
      return version;
    },
  };
}
