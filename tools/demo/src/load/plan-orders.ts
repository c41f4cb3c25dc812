import { createRandom, type Random } from '../random.ts';

/** Which way an order takes through the gateway. */
export type Way = 'http' | 'stream';

/** One order as the demo means to send it. */
export interface PlannedOrder {
  readonly key: string;
  readonly way: Way;
  readonly customer: string;
  readonly lines: readonly { sku: string; quantity: number }[];
  /** The same request a second time, at the same time or after the first was answered. */
  readonly twice: 'no' | 'at once' | 'afterwards';
  /** Its buyer cancels it once it is confirmed. */
  readonly cancel: boolean;
  /** The first attempt may take this long only; the next ones have all the time they need. */
  readonly firstTimeoutMs: number | undefined;
}

const ORDINARY = ['LANTERN', 'HEART-HOLDER', 'MUG', 'CANDLE', 'TEAPOT', 'LIGHTS', 'BUNTING', 'CLOCK'];
const CUSTOMERS = Array.from({ length: 40 }, (_, at) => `customer-${at + 1}`);

/** What goes wrong on purpose, and how often. The payment provider acts on the products' prices. */
const TROUBLE: readonly (readonly [sku: string, share: number])[] = [
  ['TEST-DECLINED', 0.04],
  ['SCARCE', 0.01],
  ['TEST-TIMEOUT', 0.01],
  ['TEST-UNAVAILABLE', 0.01],
  ['TEST-SLOW', 0.005],
  ['TEST-EXPIRED', 0.02],
];
const CANCELLED_SHARE = 0.06;
const TWICE_SHARE = 0.08;
/** Less than a slow payment takes, so that such an order is first answered by its deadline. */
const IMPATIENT_MS = 500;

/** At most a third of a small demo is trouble; an order of trouble has one piece, so that its total is the price. */
function troubles(count: number): string[] {
  const skus = TROUBLE.flatMap(([sku, share]) => Array<string>(Math.ceil(count * share)).fill(sku));
  return skus.slice(0, Math.floor(count / 3));
}

function basket(random: Random): PlannedOrder['lines'] {
  const skus = random.shuffle(ORDINARY).slice(0, 1 + random.below(3));
  return skus.map((sku) => ({ sku, quantity: 1 + random.below(4) }));
}

/** Impatient orders come when the services are warm: what they show is the deadline, not the start. */
function hastyLater<T extends { firstTimeoutMs: number | undefined }>(orders: readonly T[]): T[] {
  const patient = orders.filter((order) => order.firstTimeoutMs === undefined);
  const third = Math.floor(patient.length / 3);
  const hasty = orders.filter((order) => order.firstTimeoutMs !== undefined);
  return [...patient.slice(0, third), ...hasty, ...patient.slice(third)];
}

/** The whole demo, decided before its first order: half by HTTP, half on the stream. */
export function planOrders(count: number, seed: number): PlannedOrder[] {
  const random = createRandom(seed);
  const trouble = troubles(count);
  const cancels = Math.ceil(count * CANCELLED_SHARE);
  const orders = Array.from({ length: count }, (_, at) => {
    const sku = trouble[at];
    return {
      lines: sku === undefined ? basket(random) : [{ sku, quantity: 1 }],
      cancel: sku === undefined && at < trouble.length + cancels && count > 1,
      firstTimeoutMs: sku === 'TEST-SLOW' ? IMPATIENT_MS : undefined,
    };
  });
  const twice = random.shuffle(orders.map((_, at) => at < Math.ceil(count * TWICE_SHARE)));
  return hastyLater(random.shuffle(orders)).map((order, at) => ({
    ...order,
    key: `demo-${seed}-${at + 1}`,
    way: at % 2 === 0 ? 'http' : 'stream',
    customer: random.pick(CUSTOMERS),
    twice: twice[at] ? random.pick(['at once', 'afterwards'] as const) : 'no',
  }));
}
