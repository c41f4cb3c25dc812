import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { issuerOfKey } from './token-format.ts';

interface NamedKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

function parse(text: string, { file, issuer }: { file: string; issuer: string }): NamedKey {
  const { kty, crv, x, d, kid = issuer } = JSON.parse(text) as Record<string, string>;
  if (kty !== 'OKP' || crv !== 'Ed25519' || !x || !d) throw new Error(`${file} is no private Ed25519 key`);
  if (issuerOfKey(kid) !== issuer) throw new Error(`${file} is the key of ${kid}, not of ${issuer}`);
  return { kid, privateKey: createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' }) };
}

/** An Ed25519 key out of a file, read again whenever it is asked for: that is once for many calls. Throws when it cannot be read at first. */
export class SigningKey {
  readonly #file: string;
  readonly #issuer: string;
  readonly #onError: (error: unknown) => void;
  #text: string;
  #key: NamedKey;

  constructor(file: string, issuer: string, onError: (error: unknown) => void) {
    this.#file = file;
    this.#issuer = issuer;
    this.#onError = onError;
    this.#text = readFileSync(file, 'utf8');
    this.#key = parse(this.#text, { file, issuer });
  }

  current(): NamedKey {
    try {
      const text = readFileSync(this.#file, 'utf8');
      if (text !== this.#text) this.#key = parse(text, { file: this.#file, issuer: this.#issuer });
      this.#text = text;
    } catch (error) {
      this.#onError(error);
    }
    return this.#key;
  }
}
