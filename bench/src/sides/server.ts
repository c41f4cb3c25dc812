// A server process of the bench: the variant, and what its handler does.
import { answer } from '../answer.ts';
import { mostInFlight } from './handlers.ts';
import type { Handling } from './traffic.ts';
import { VARIANTS, type VariantName } from './variants.ts';

const [, , variant, handling] = process.argv;
const start = await VARIANTS[variant as VariantName].startServer();
const port = await start(handling as Handling);
answer({
  port: () => port,
  cpu: () => process.cpuUsage(),
  mostInFlight,
  footprint: async () => (await import('./footprint.ts')).takeFootprint(),
});
