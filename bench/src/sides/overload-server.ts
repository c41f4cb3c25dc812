// A server process of the overload scenario: the whole chain before work of a known size. Arguments: `cpu` or `pool`.
import { createPolicyTable, describeService, OrderService, parsePolicies } from '@millrace/contracts';
import { createServer, createVerifier } from '@millrace/interceptors';
import { createLogger, startTelemetry } from '@millrace/runtime';
import { answer } from '../answer.ts';
import { placed } from '../messages.ts';
import { readSetup } from '../setup.ts';
import { createWork } from './overload-work.ts';

const [, , kind = 'cpu'] = process.argv;
const work = createWork(kind);
await startTelemetry({ service: 'order', env: 'production' });
const logger = createLogger({ service: 'order' });
const { keySetFile } = readSetup();
const handle = async (): Promise<typeof placed> => {
  await work();
  return placed;
};
const server = createServer({
  services: [
    {
      service: describeService(OrderService),
      handlers: { placeOrder: handle, cancelOrder: handle, listOrders: async () => (await work(), {}) },
    },
  ],
  policies: createPolicyTable(
    [OrderService],
    parsePolicies(`{
      "shop.order.v1.OrderService/CancelOrder": { "criticality": "CRITICALITY_CRITICAL" },
      "shop.order.v1.OrderService/PlaceOrder": { "criticality": "CRITICALITY_DEFAULT" },
      "shop.order.v1.OrderService/ListOrders": { "criticality": "CRITICALITY_SHEDDABLE" }
    }`),
  ),
  service: 'order',
  logger,
  auth: createVerifier({ keySetFile, issuers: ['gateway'], audience: 'order', logger }),
});
const { port } = await server.listen({ host: '127.0.0.1', port: 0 });

let mostBytes = 0;
setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage.rss())), 100);

let cpu = process.cpuUsage();

answer({
  port: () => port,
  /** CPU that this process has used since `memory` was asked last, in ms. */
  cpuMs: () => {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1_000;
  },
  /** The most memory since it was asked last, in bytes. */
  memory: () => {
    const most = mostBytes;
    mostBytes = 0;
    cpu = process.cpuUsage();
    return most;
  },
});
