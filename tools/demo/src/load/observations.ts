import { toBinary } from '@bufbuild/protobuf';
import { OrderSchema, OrderStatus, type Order } from '@millrace/contracts';
import { build, type Histogram } from 'hdr-histogram-js';

/** A reply that a client holds in its hands. */
export interface Answer {
  readonly orderId: string;
  readonly status: string;
  /** The order's bytes, so that two replies can be compared. */
  readonly bytes: string;
}

/** A call that took longer than its deadline allows. */
export interface LateCall {
  readonly what: string;
  readonly deadlineMs: number;
  readonly tookMs: number;
}

/** What the clients saw: the only thing the invariants take on trust. */
export interface Observations {
  /** By idempotency key: every answer to it, repeats included. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
  /** Ids of orders whose cancellation was acknowledged. */
  readonly cancelled: ReadonlySet<string>;
  /** Microseconds from an order's first attempt to its answer. */
  readonly latency: Histogram;
  readonly calls: number;
  readonly lateCalls: readonly LateCall[];
  answered(key: string, order: Order, tookMs: number): void;
  cancelAcknowledged(orderId: string): void;
  /** One attempt is over, well or not. */
  called(call: LateCall): void;
}

/** What a call may take beyond its deadline: the way back. */
const TOLERANCE_MS = 100;

export function createObservations(): Observations {
  const answers = new Map<string, Answer[]>();
  const cancelled = new Set<string>();
  const latency = build({ highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: 3 });
  const lateCalls: LateCall[] = [];
  let calls = 0;
  return {
    answers,
    cancelled,
    latency,
    lateCalls,
    get calls() {
      return calls;
    },
    answered(key, order, tookMs) {
      const bytes = Buffer.from(toBinary(OrderSchema, order)).toString('base64');
      const known = answers.get(key) ?? [];
      known.push({ orderId: order.id, status: OrderStatus[order.status], bytes });
      answers.set(key, known);
      latency.recordValue(Math.max(1, Math.round(tookMs * 1000)));
    },
    cancelAcknowledged: (orderId) => void cancelled.add(orderId),
    called(call) {
      calls += 1;
      if (call.tookMs > call.deadlineMs + TOLERANCE_MS) lateCalls.push(call);
    },
  };
}
