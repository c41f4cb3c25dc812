// A client process of the bench: `bare` or `full`, and the port it calls.
import { answer } from '../answer.ts';
import { drive, type Load } from './drive.ts';

const [, , variant, port] = process.argv;
const open =
  variant === 'bare'
    ? (await import('./bare-client.ts')).openBareTraffic
    : (await import('./full-client.ts')).openFullTraffic;
const traffic = await open(Number(port));
answer({ drive: (load: Load) => drive(traffic, load) });
