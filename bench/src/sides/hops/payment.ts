// The last of three processes: answers at once. Argument: the variant.
import { describeService, PaymentService } from '@millrace/contracts';
import { startTelemetry } from '@millrace/runtime';
import { answer } from '../../answer.ts';
import { authorized } from '../../messages.ts';
import { serveBare } from '../serve-bare.ts';
import { serveFull } from '../serve-full.ts';

type Callback = (error: null, reply: unknown) => void;

const startBare = () =>
  serveBare(PaymentService, {
    Authorize: (_call: unknown, callback: Callback) => callback(null, authorized),
  });

async function startFull(): Promise<number> {
  await startTelemetry({ service: 'payment', env: 'production' });
  const handlers = { authorize: () => Promise.resolve(authorized) };
  const identity = { service: 'payment', callers: ['order'] };
  return serveFull({ service: describeService(PaymentService), handlers }, identity);
}

const port = await (process.argv[2] === 'bare' ? startBare() : startFull());
answer({ port: () => port, cpu: () => process.cpuUsage() });
