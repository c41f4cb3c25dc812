/** The server that bad input is thrown at: the full chain, every method of the contract, handlers that only count. Run by start-server.ts. */
import { CatalogService, OrderService, PaymentService, type Service } from '@millrace/contracts';
import { describeService } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { createServer, createVerifier } from '@millrace/interceptors';
import type { AnyHandler, Call, Implementation } from '@millrace/rpc';

/** What can be asked, and the answer. */
export interface Answers {
  /** How many messages have reached handlers. */
  readonly handled: number;
  /** Of the process after a collection, in MiB: what it has of the machine, and what of that is in use. */
  readonly memory: { readonly resident: number; readonly used: number };
  /** What somebody has added to the prototype of all objects. */
  readonly pollution: readonly string[];
}

const MEBIBYTE = 1024 * 1024;
let handled = 0;

/** Who called, as the handler sees it. */
function whoCalls({ context }: Call): object {
  return { text: JSON.stringify(context.principal ?? null) };
}

const HANDLERS: Readonly<Record<string, AnyHandler>> = {
  unary: (_request, call) => {
    handled += 1;
    return Promise.resolve(whoCalls(call));
  },
  clientStream: async (requests) => {
    for await (const _ of requests as AsyncIterable<unknown>) handled += 1;
    return {};
  },
  serverStream: async function* () {
    handled += 1;
    yield {};
  },
  bidi: async function* (requests) {
    for await (const _ of requests as AsyncIterable<unknown>) {
      handled += 1;
      yield {};
    }
  },
};

function implement(service: Service): Implementation {
  const handlers = Object.values(service.methods).map(({ localName, kind }) => [localName, HANDLERS[kind]]);
  return { service, handlers: Object.fromEntries(handlers) as Record<string, AnyHandler> };
}

const ANSWERS: { readonly [Q in keyof Answers]: () => Answers[Q] } = {
  handled: () => handled,
  memory: () => {
    // The flavour that gives back what is free, too.
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    const { rss, heapUsed, external } = process.memoryUsage();
    return { resident: rss / MEBIBYTE, used: (heapUsed + external) / MEBIBYTE };
  },
  pollution: () => Object.getOwnPropertyNames(Object.prototype).filter((name) => !BORN_WITH.has(name)),
};
const BORN_WITH = new Set(Object.getOwnPropertyNames(Object.prototype));

const [keySetFile = ''] = process.argv.slice(2);
const quiet = (): void => undefined;
const server = createServer({
  services: [EchoService, OrderService, CatalogService, PaymentService].map(describeService).map(implement),
  auth: createVerifier({ keySetFile, issuers: ['order'], audience: 'fuzz' }),
  logger: { debug: quiet, info: quiet, warn: quiet, error: console.error },
  // Under this load it would refuse calls for another reason than the one that is looked for.
  shed: false,
});
const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
process.on('message', (question: keyof Answers) => void process.send?.(ANSWERS[question]()));
process.on('disconnect', () => process.exit());
process.send?.(port);
