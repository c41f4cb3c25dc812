import { compare } from '../compare.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { rateMeasures } from '../rate-measures.ts';
import { tell } from '../tell.ts';
import { withPairs, type OpenPair } from '../with-pairs.ts';

const GATEWAY = new URL('../sides/client.ts', import.meta.url);
const ORDER = new URL('../sides/hops/order.ts', import.meta.url);
const PAYMENT = new URL('../sides/hops/payment.ts', import.meta.url);

const IN_FLIGHT = [64, 256];
/** How many times as many calls as unary: with the same chain, and without any. */
const BARS = { full: 20, bare: 12 } as const;

/** Three processes on two cores. Order has most to do, it is called and calls, and so it has the one for itself. */
function openHops(variant: 'bare' | 'full' | 'channel'): OpenPair {
  return async (start) => {
    const payment = start(PAYMENT, { core: 0, args: [variant] });
    const paymentPort = await payment.ask<number>('port');
    const order = start(ORDER, { core: 1, args: [variant, String(paymentPort)] });
    const orderPort = await order.ask<number>('port');
    const gateway = start(GATEWAY, { core: 0, args: [variant, String(orderPort)] });
    return { client: gateway, servers: [order, payment] };
  };
}

/**
 * The gateway, which makes the calls, order, which asks payment for each, and payment, which answers at once; no database. Every hop with
 * both whole chains over the channel, the same unary, and grpc-js's unary calls without any.
 */
export const hops: Scenario = ({ full, progress }) => {
  const open = { bare: openHops('bare'), full: openHops('full'), channel: openHops('channel') };
  return withPairs(open, async (pairs) => {
    const { durationMs, ...rounds } = formOf(full);
    const measures: Measure[] = [];
    for (const inFlight of IN_FLIGHT) {
      const compared = await compare(pairs, { kind: 'unary', inFlight, durationMs }, rounds);
      progress(tell(`gateway -> order -> payment, ${inFlight} in flight`, compared, 'bare'));
      const against = (to: keyof typeof BARS): Measure => ({
        name: `channel.hops-vs-${to}-unary.c${inFlight}`,
        value: compared.ratio('channel', to).median,
        ...(inFlight === IN_FLIGHT[0] && { bar: BARS[to] }),
        better: 'higher',
        unit: 'x',
      });
      measures.push(against('full'), against('bare'), ...rateMeasures('channel.hops', inFlight, compared));
    }
    return measures;
  });
};
