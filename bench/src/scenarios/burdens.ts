import { compare } from '../compare.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import type { Burden } from '../sides/load.ts';
import type { VariantName } from '../sides/variants.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const IN_FLIGHT = 64;
/** Of the plain rate. */
const BARS: Readonly<Record<Burden, number>> = { cancels: 0.8, deadlines: 0.9, signals: 0.6 };

async function run(variant: VariantName, { full, progress }: Parameters<Scenario>[0]) {
  const open = { plain: openPair(variant), signals: openPair(variant, 'signals') };
  return withPairs(open, async ({ plain, signals }) => {
    const { durationMs, ...rounds } = formOf(full);
    const pairs = {
      plain,
      cancels: { ...plain, load: { burden: 'cancels' } },
      deadlines: { ...plain, load: { burden: 'deadlines' } },
      signals: { ...signals, load: { burden: 'signals' } },
    } as const;
    const compared = await compare(pairs, { kind: 'unary', inFlight: IN_FLIGHT, durationMs }, rounds);
    progress(tell(variant, compared, 'plain'));
    return compared;
  });
}

/**
 * What calls cost that are more than plain: one in ten is cancelled when it is on its way; each has a deadline; each has an AbortSignal of
 * the caller's, and its handler asks for its own. Over the channel without interceptors, and with both whole chains, where every call has
 * a deadline anyway.
 */
export const burdens: Scenario = async (options) => {
  const measures: Measure[] = [];
  for (const [variant, name] of [['bare-channel', 'bare'] as const, ['channel', 'full'] as const]) {
    const compared = await run(variant, options);
    for (const burden of ['cancels', 'deadlines', 'signals'] as const)
      measures.push({
        name: `channel.${burden}-vs-plain.${name}`,
        value: compared.ratio(burden, 'plain').median,
        ...(name === 'bare' && { bar: BARS[burden] }),
        better: 'higher',
        unit: 'x',
      });
  }
  return measures;
};
