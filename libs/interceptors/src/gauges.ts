import type { Meter } from '@opentelemetry/api';

/** A gauge that may have many sources in a process: a client or a server each. */
export interface Gauge {
  readonly name: string;
  readonly description: string;
  /** The attribute that says what a figure is about. */
  readonly attribute: string;
  /** What is shown where two sources have a figure about the same. */
  readonly combine: (a: number, b: number) => number;
}

/** Figures by what they are about, such as the path of a method. */
export type Figures = Iterable<readonly [about: string, value: number]>;

/** Undefined when what the figures were about is gone. */
type Source = () => Figures | undefined;

const gauges = new WeakMap<Meter, Map<string, Set<Source>>>();

function createGauge(meter: Meter, { name, description, attribute, combine }: Gauge): Set<Source> {
  const sources = new Set<Source>();
  meter.createObservableGauge(name, { description }).addCallback((result) => {
    const shown = new Map<string, number>();
    for (const source of sources) {
      const figures = source();
      if (!figures) sources.delete(source);
      for (const [about, value] of figures ?? []) {
        const before = shown.get(about);
        shown.set(about, before === undefined ? value : combine(before, value));
      }
    }
    for (const [about, value] of shown) result.observe(value, { [attribute]: about });
  });
  return sources;
}

/**
 * Shows the figures of something in a gauge for as long as that lives; `figures` must not keep it alive. All sources of a gauge
 * share one observer: of two observers of one name, one would overwrite the other's figures.
 */
export function show<T extends object>(
  meter: Meter,
  gauge: Gauge,
  { of, figures }: { readonly of: T; readonly figures: (of: T) => Figures },
): void {
  let named = gauges.get(meter);
  if (!named) gauges.set(meter, (named = new Map()));
  let sources = named.get(gauge.name);
  if (!sources) named.set(gauge.name, (sources = createGauge(meter, gauge)));
  const ref = new WeakRef(of);
  sources.add(() => {
    const alive = ref.deref();
    return alive && figures(alive);
  });
}
