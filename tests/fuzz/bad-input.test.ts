import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  CatalogService,
  describeService,
  OrderService,
  PaymentService,
  type Method,
} from '@millrace/contracts';
import { EchoResponseSchema, EchoService } from '@millrace/contracts/testing';
import { fromBinary } from '@bufbuild/protobuf';
import { Code } from '@millrace/rpc';
import { frame, openRawConnection, type RawAnswer, type RawConnection } from '@millrace/rpc/testing';
import fc from 'fast-check';
import { badBody, type BadBody } from './support/bad-frames.ts';
import { badMessage, type BadMessage } from './support/bad-message.ts';
import { badMetadata, headersWith, type BadMetadata } from './support/bad-metadata.ts';
import { BATCH, inputs, seed, TIMEOUT_MS } from './support/counts.ts';
import { judge, type Verdict } from './support/judge.ts';
import { callWithHeaders } from './support/raw-headers.ts';
import type { Answers } from './support/server.ts';
import { CALLER, startServer, type FuzzServer } from './support/start-server.ts';

const methodsOf = (...services: Parameters<typeof describeService>[0][]): readonly Method[] =>
  services.flatMap((service) => Object.values(describeService(service).methods));
const METHODS = methodsOf(EchoService, OrderService, CatalogService, PaymentService);
const KINDS = methodsOf(EchoService).filter(({ name }) => /^(Echo|Collect|Expand|Chat)$/.test(name));
const ECHO = '/millrace.test.v1.EchoService/Echo';
const MAX_GROWTH_MIB = 20;
/** Refused by us, by the HTTP/2 below, or not refused: most names and values mean nothing to us. */
const METADATA_VERDICTS: readonly Verdict[] = [
  Code.OK,
  Code.INVALID_ARGUMENT,
  Code.DEADLINE_EXCEEDED,
  Code.RESOURCE_EXHAUSTED,
  Code.UNIMPLEMENTED,
  Code.UNAUTHENTICATED,
  'HTTP 415',
  'reset',
];

let server: FuzzServer;
let connection: RawConnection;
/** After the warm-up, and after each test. */
const memory: Answers['memory'][] = [];

/** Throws so many inputs, a batch at once. Handlers see one message for each call that is answered well, where calls have one. */
async function assertThrown<T>(
  inputOf: fc.Arbitrary<T>,
  { count, send, hasOneMessage = true }: Thrown<T>,
): Promise<void> {
  const batches = fc.array(inputOf, { minLength: BATCH, maxLength: BATCH });
  const property = fc.asyncProperty(batches, async (batch) => {
    const before = await server.ask('handled');
    const verdicts = await Promise.all(batch.map(send));
    const handled = (await server.ask('handled')) - before;
    if (hasOneMessage) expect(handled).toBe(verdicts.filter((verdict) => verdict === Code.OK).length);
  });
  await fc.assert(property, inputs(count));
  const headers = { authorization: await server.authorization() };
  await timed(connection.call({ path: ECHO, headers }), [Code.OK]);
}

interface Thrown<T> {
  /** Of the full run. */
  readonly count: number;
  readonly send: (input: T) => Promise<Verdict>;
  readonly hasOneMessage?: boolean;
}

async function timed(answer: Promise<RawAnswer>, allowed: readonly Verdict[]): Promise<Verdict> {
  const startMs = performance.now();
  return judge(await answer, { allowed, tookMs: performance.now() - startMs });
}

/** What the contract's own decoder makes of it. */
function isReadable(method: Method, bytes: Uint8Array): boolean {
  try {
    method.request.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

async function sendMessage(method: Method, { bytes, isBroken }: BadMessage): Promise<Verdict> {
  const headers = { authorization: await server.authorization() };
  const allowed = !method.policy.declared
    ? [Code.PERMISSION_DENIED]
    : isBroken || !isReadable(method, bytes)
      ? [Code.INVALID_ARGUMENT]
      : [Code.INVALID_ARGUMENT, Code.OK];
  return timed(connection.call({ path: method.path, headers, body: frame(bytes) }), allowed);
}

async function sendBody({ path, kind }: Method, bad: BadBody): Promise<Verdict> {
  const headers = { ...bad.headers, authorization: await server.authorization() };
  const isStreamed = kind === 'clientStream' || kind === 'bidi';
  const { allowed, allowedOfStreams = allowed } = bad;
  return timed(connection.call({ path, headers, body: bad.body }), isStreamed ? allowedOfStreams : allowed);
}

async function sendMetadata(bad: BadMetadata): Promise<Verdict> {
  const { address } = server;
  const headers = headersWith(bad, {
    path: ECHO,
    authority: address,
    authorization: await server.authorization(),
  });
  const answer = callWithHeaders(address, { headers, body: frame(Buffer.alloc(0)) });
  const verdict = await timed(answer, METADATA_VERDICTS);
  if (verdict === Code.OK) {
    // Whatever the metadata says, the call is the token's.
    const { text } = fromBinary(EchoResponseSchema, (await answer).body.subarray(5));
    expect(JSON.parse(text)).toEqual({ ...CALLER, actor: 'order' });
  }
  return verdict;
}

beforeAll(async () => {
  server = await startServer();
  connection = openRawConnection(server.address);
  // What a process needs once is no growth.
  for (const method of KINDS) {
    await Promise.all(fc.sample(badBody, BATCH).map((bad) => sendBody(method, bad)));
    await Promise.all(
      fc.sample(badMessage(method.request.descriptor), BATCH).map((bad) => sendMessage(method, bad)),
    );
  }
  memory.push(await server.ask('memory'));
}, TIMEOUT_MS);
afterEach(async () => void memory.push(await server.ask('memory')));
afterAll(async () => {
  connection.close();
  await server.stop();
});

describe(`with FUZZ_SEED=${seed}`, () => {
  test.each(METHODS.map((method) => [method.path, method] as const))(
    '%s refuses bytes that are no message of its own, and no handler sees them',
    async (_path, method) => {
      const send = (bad: BadMessage): Promise<Verdict> => sendMessage(method, bad);
      await assertThrown(badMessage(method.request.descriptor), { count: 10_000, send });
    },
    TIMEOUT_MS,
  );

  test.each(KINDS.map((method) => [method.path, method] as const))(
    '%s refuses frames that are none',
    async (_path, method) => {
      const send = (bad: BadBody): Promise<Verdict> => sendBody(method, bad);
      await assertThrown(badBody, { count: 500, send, hasOneMessage: false });
    },
    TIMEOUT_MS,
  );

  test(
    'metadata of any kind changes nothing about who calls',
    async () => {
      await assertThrown(badMetadata, { count: 2_000, send: sendMetadata });
    },
    TIMEOUT_MS,
  );

  test('all that leaves no trace', async () => {
    expect(await server.ask('pollution')).toEqual([]);
    const growths = memory.slice(1).map((now, index) => now.resident - (memory[index]?.resident ?? 0));
    expect(Math.max(...growths)).toBeLessThan(MAX_GROWTH_MIB);
    // Of all together only what is in use counts: allocators keep some of the rest for the next peak.
    expect(memory.at(-1)?.used).toBeLessThan((memory[0]?.used ?? 0) + MAX_GROWTH_MIB);
    expect(server.complaints()).toBe('');
  });
});
