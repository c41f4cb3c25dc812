import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const PLENTY = 10_000_000;

/** SKU, description, price in pence, how many there are. */
const PRODUCTS: readonly (readonly [string, string, number, number])[] = [
  ['LANTERN', 'White metal lantern', 339, PLENTY],
  ['HEART-HOLDER', 'Hanging heart tea light holder', 255, PLENTY],
  ['MUG', 'Retro coffee mug', 125, PLENTY],
  ['CANDLE', 'Scented candle', 450, PLENTY],
  ['TEAPOT', 'Regency teapot', 1275, PLENTY],
  ['LIGHTS', 'String of lights', 1695, PLENTY],
  ['BUNTING', 'Party bunting', 495, PLENTY],
  ['CLOCK', 'Bakelike alarm clock', 2495, PLENTY],
  ['SCARCE', 'The last three of their kind', 1000, 3],
  // What the sandbox payment provider does depends on the amount: see services/payment.
  ['TEST-DECLINED', 'Its payment is declined', 90_000_002, PLENTY],
  ['TEST-EXPIRED', 'Its payment is declined: the card has expired', 90_000_003, PLENTY],
  ['TEST-SLOW', 'Its payment takes its time', 90_000_005, PLENTY],
  ['TEST-TIMEOUT', 'Its payment times out, though it succeeded', 90_000_007, PLENTY],
  ['TEST-UNAVAILABLE', 'Its payment fails at first', 90_000_009, PLENTY],
];

/** Something to order from the first minute on, for the default tenant. */
export const exampleProducts: Migration = {
  up: async (db) => {
    for (const [sku, description, price, onHand] of PRODUCTS) {
      await sql`
        INSERT INTO products (tenant, sku, description, currency, unit_price_minor, on_hand)
        VALUES ('default', ${sku}, ${description}, 'GBP', ${price}, ${onHand})`.execute(db);
    }
  },
};
