import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';

/** One figure as it was recorded. */
export interface Recorded {
  readonly name: string;
  readonly value: number;
  readonly attributes: Attributes | undefined;
}

/** A meter that keeps what is recorded, and asks observers when it is asked. */
export function fakeMeter(): { meter: Meter; records: Recorded[]; observe(): Recorded[] } {
  const records: Recorded[] = [];
  const observers: (readonly [name: string, callback: (result: ObservableResult) => void])[] = [];
  const add = (name: string) => (value: number, attributes?: Attributes) =>
    void records.push({ name, value, attributes });
  const createObservable = (name: string) => ({
    addCallback: (callback: (result: ObservableResult) => void) => void observers.push([name, callback]),
  });
  const meter = {
    createHistogram: (name: string) => ({ record: add(name) }),
    createCounter: (name: string) => ({ add: add(name) }),
    createUpDownCounter: (name: string) => ({ add: add(name) }),
    createObservableGauge: createObservable,
    createObservableUpDownCounter: createObservable,
  };
  const observe = (): Recorded[] => {
    const observed: Recorded[] = [];
    for (const [name, callback] of observers)
      callback({ observe: (value, attributes) => void observed.push({ name, value, attributes }) });
    return observed;
  };
  return { meter: meter as unknown as Meter, records, observe };
}
