// A client process of the bench: the variant, and the port it calls.
import { answer } from '../answer.ts';
import { drive } from './drive.ts';
import type { Load } from './load.ts';
import { VARIANTS, type VariantName } from './variants.ts';

const [, , variant, port] = process.argv;
const open = await VARIANTS[variant as VariantName].openTraffic();
const traffic = await open(Number(port));
answer({ drive: (load: Load) => drive(traffic, load) });
