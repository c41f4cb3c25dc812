/** A process that is flooded with streams: by grpc-js as it comes (`bare`), or by ours. Says its port, and on request how it is. */
import { EchoService } from '@millrace/contracts/testing';
import { createBareServer, implement } from '../index.ts';
import { BIDI, startBareServer } from '../testing/bare-grpc.ts';
import { echo } from '../testing/echo.ts';

/** What the flood has done. */
export interface FloodReport {
  /** Handlers that run. */
  readonly running: number;
  /** By how much the heap has grown, after a collection. */
  readonly grownMiB: number;
}

let running = 0;

async function startBare(): Promise<object> {
  const { address } = await startBareServer({ bidi: () => void (running += 1) });
  return { port: Number(address.split(':')[1]), path: BIDI };
}

async function startOurs(): Promise<object> {
  const chat: typeof echo.chat = async function* () {
    running += 1;
    await new Promise(() => undefined);
    yield {};
  };
  const server = createBareServer({ services: [implement(EchoService, { ...echo, chat })] });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { port, path: '/millrace.test.v1.EchoService/Chat' };
}

function heapMiB(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

const address = await (process.argv[2] === 'bare' ? startBare() : startOurs());
const beforeMiB = heapMiB();
process.on('message', () => {
  const report: FloodReport = { running, grownMiB: heapMiB() - beforeMiB };
  process.send?.(report);
});
process.send?.(address);
