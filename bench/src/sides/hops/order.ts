// The middle one of three processes: for each order it asks payment. Arguments: the variant, payment's port.
import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { describeService, loadService, OrderService, PaymentService } from '@millrace/contracts';
import { createClient, serviceCredentials } from '@millrace/interceptors';
import { createLogger, startTelemetry } from '@millrace/runtime';
import { answer } from '../../answer.ts';
import { nextAuthorization, placed } from '../../messages.ts';
import { readSetup } from '../../setup.ts';
import { serveBare } from '../serve-bare.ts';
import { serveFull } from '../serve-full.ts';

const [, , variant, port] = process.argv;
const address = `127.0.0.1:${port}`;

type Callback = (error: ServiceError | null, reply?: unknown) => void;

function startBare(): Promise<number> {
  const Client = makeGenericClientConstructor(loadService(PaymentService), 'PaymentService');
  const payments = new Client(address, credentials.createInsecure()) as unknown as {
    Authorize(request: unknown, callback: Callback): void;
  };
  return serveBare(OrderService, {
    PlaceOrder: (_call: unknown, callback: Callback) =>
      payments.Authorize(nextAuthorization(), (error) => callback(error, placed)),
  });
}

async function startFull(): Promise<number> {
  await startTelemetry({ service: 'order', env: 'production' });
  const { keyFile } = readSetup('order');
  const authorization = { issuer: 'order', keyFile, audience: 'payment', asItself: true };
  const payments = createClient(PaymentService, {
    address,
    ...{ channel: variant === 'channel' },
    peer: 'payment',
    logger: createLogger({ service: 'order' }),
    credentials: serviceCredentials(authorization),
  });
  const placeOrder = async (): Promise<unknown> => {
    await payments.authorize(nextAuthorization());
    return placed;
  };
  const implementation = { service: describeService(OrderService), handlers: { placeOrder } };
  return serveFull(implementation, { service: 'order', callers: ['gateway'] });
}

const own = await (variant === 'bare' ? startBare() : startFull());
answer({ port: () => own, cpu: () => process.cpuUsage() });
