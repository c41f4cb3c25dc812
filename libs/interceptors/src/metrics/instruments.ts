import type { Histogram, Meter } from '@opentelemetry/api';
import type { Method } from '@millrace/contracts';
import { MethodFigures } from './method-figures.ts';

/** In seconds; those of OpenTelemetry's RPC conventions. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const BYTES = [0, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
const COUNTS = [0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/** What is measured of the calls of one side. */
export class Instruments {
  readonly durations: Histogram;
  readonly messages: Histogram;
  readonly bytes: Histogram;
  readonly #side: 'client' | 'server';
  readonly #figures = new Map<string, MethodFigures>();

  constructor(meter: Meter, side: 'client' | 'server') {
    this.#side = side;
    const calls = side === 'server' ? 'incoming calls' : 'outgoing calls';
    this.durations = meter.createHistogram(`rpc.${side}.call.duration`, {
      description: `Duration of ${calls}`,
      unit: 's',
      advice: { explicitBucketBoundaries: DURATIONS },
    });
    this.messages = meter.createHistogram(`millrace.${side}.stream.messages`, {
      description: `Messages of streams of ${calls}, each way`,
      unit: '{message}',
      advice: { explicitBucketBoundaries: COUNTS },
    });
    this.bytes = meter.createHistogram(`millrace.${side}.stream.bytes`, {
      description: `Size of all messages of streams of ${calls}, each way, before compression`,
      unit: 'By',
      advice: { explicitBucketBoundaries: BYTES },
    });
    // Observed when somebody reads, not counted up and down: that would cost two records a call.
    const active = meter.createObservableUpDownCounter(`millrace.${side}.calls.active`, {
      description: `Under way of ${calls}`,
      unit: '{call}',
    });
    active.addCallback((result) => {
      for (const figures of this.#figures.values()) result.observe(figures.active, figures.attributes);
    });
  }

  of(method: Method): MethodFigures {
    let figures = this.#figures.get(method.path);
    if (!figures) this.#figures.set(method.path, (figures = new MethodFigures(method, this.#side)));
    return figures;
  }
}
