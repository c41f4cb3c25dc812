import { ROOT_CONTEXT, trace, type Context, type SpanContext } from '@opentelemetry/api';

/** A context of one entry. The API's own copies a Map at each entry, which is more than the rest of an unrecorded span costs. */
class OneEntry implements Context {
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(key: symbol, value: unknown) {
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return ROOT_CONTEXT.setValue(this.#key, this.#value).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === this.#key ? ROOT_CONTEXT : this;
  }
}

/** Empty, and makes contexts of one entry. */
const EMPTY: Context = {
  getValue: () => undefined,
  setValue: (key, value) => new OneEntry(key, value),
  deleteValue: () => EMPTY,
};

/** A context that has this span, of which nothing is recorded, and nothing else. */
export function spanContext(span: SpanContext): Context {
  return trace.setSpanContext(EMPTY, span);
}
