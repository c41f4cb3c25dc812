import { once } from 'node:events';
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { constants, createGzip } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Code, type ServerLimits } from './index.ts';
import { createRig, frame, rawCall, type Rig, type RigOptions } from './testing.ts';

const PATH = '/millrace.test.v1.EchoService/Echo';
const MEBIBYTE = 1024 * 1024;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(server: ServerLimits, options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig({ ...options, limits: { server } });
  closing.push(() => rig.close());
  return rig;
}

/** So many zeros, compressed a thousand times smaller. */
async function bomb(bytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION });
  const zeros = Buffer.alloc(MEBIBYTE);
  for (let count = 0; count < bytes / MEBIBYTE; count++) gzip.write(zeros);
  gzip.end();
  return Buffer.concat((await gzip.toArray()) as Buffer[]);
}

function compressed(bytes: Buffer): Buffer {
  const message = frame(bytes);
  message[0] = 1;
  return message;
}

describe('a message', () => {
  test.each(['gzip', 'deflate'])('of 64 MiB in %s is refused, and costs little', async (encoding) => {
    const rig = await start({});
    const body = compressed(await bomb(64 * MEBIBYTE));
    expect(body.length).toBeLessThan(80 * 1024);
    await rig.call('unary');
    const heldBefore = process.memoryUsage().rss;
    const startMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        rawCall({ address: rig.address, path: PATH, body, headers: { 'grpc-encoding': encoding } }),
      ),
    );
    const codes = new Set(answers.map(({ headers }) => Number(headers['grpc-status'])));
    // Gzip that is called deflate cannot be read; what it would become is not known.
    expect([...codes]).toEqual([encoding === 'gzip' ? Code.RESOURCE_EXHAUSTED : Code.INVALID_ARGUMENT]);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(process.memoryUsage().rss - heldBefore).toBeLessThan(200 * MEBIBYTE);
    expect(await rig.call('unary')).toEqual(['hello']);
  });

  test('is measured by what it becomes, not by what comes', async () => {
    const rig = await start({ maxMessageBytes: 1_000 });
    for (const [bytes, code] of [
      [frame(Buffer.alloc(1_001)), Code.RESOURCE_EXHAUSTED],
      [compressed(await bomb(MEBIBYTE)), Code.RESOURCE_EXHAUSTED],
    ] as const) {
      const headers = { 'grpc-encoding': 'gzip' };
      const answer = await rawCall({ address: rig.address, path: PATH, body: bytes, headers });
      expect(Number(answer.headers['grpc-status'])).toBe(code);
    }
  });
});

describe('the headers of a call', () => {
  const big = (bytes: number): OutgoingHttpHeaders => ({ 'x-big': 'x'.repeat(bytes) });

  test.each([
    ['of 8 KiB are taken', big(8_192), true],
    ['of 20 KiB are refused', big(20_480), false],
    ['of 64 KiB are refused', big(65_536), false],
    [
      'of 200 keys are refused',
      Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, 'v'])),
      false,
    ],
  ])('%s', async (_name, headers, isTaken) => {
    const rig = await start({});
    // The second call: by then the client has acknowledged the limit.
    const session = connectHttp2(`http://${rig.address}`);
    closing.push(() => session.destroy());
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    await new Promise((resolve) => session.ping(resolve));
    const stream = session.request({
      ...{ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers' },
      ...headers,
    });
    stream.on('error', () => undefined).end(frame(Buffer.alloc(0)));
    let status: unknown;
    stream.on('response', (received) => (status = received[':status']));
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(status === 200).toBe(isTaken);
    expect(await rig.call('unary')).toEqual(['hello']);
  });
});

describe('a connection', () => {
  const open = async (rig: Rig): Promise<Socket> => {
    const socket = connect(Number(rig.address.split(':')[1]), '127.0.0.1');
    closing.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket.on('error', () => undefined).resume();
  };

  test('too many is closed before a word is said', async () => {
    const rig = await start({ maxConnections: 2 });
    await open(rig);
    await open(rig);
    const third = connect(Number(rig.address.split(':')[1]), '127.0.0.1').on('error', () => undefined);
    closing.push(() => third.destroy());
    await once(third.resume(), 'close');
  });

  test('without calls is closed after a while', async () => {
    const rig = await start({ maxConnectionIdleMs: 30 });
    const session = connectHttp2(`http://${rig.address}`);
    closing.push(() => session.destroy());
    await once(session, 'close');
  });

  test.each(['unary', 'serverStream', 'bidi'] as const)(
    'that is old is replaced, and no %s call fails for it but one that was refused',
    async (kind) => {
      const peers = new Set<string | undefined>();
      const rig = await start(
        { maxConnectionAgeMs: 20 },
        {
          server: [
            (call, next) => {
              peers.add(call.peer);
              return next(call);
            },
          ],
        },
      );
      while (peers.size < 4) {
        await rig.call(kind).catch((error: unknown) => {
          expect(error).toMatchObject({ code: Code.UNAVAILABLE });
          expect(error).not.toMatchObject({ sent: 'maybe' });
        });
      }
    },
  );

  test('that is old lets its calls finish, for as long as it is given', async () => {
    const rig = await start(
      { maxConnectionAgeMs: 20, maxConnectionAgeGraceMs: 200 },
      { handlers: { echo: () => new Promise(() => undefined) } },
    );
    const startMs = performance.now();
    const failure = rig.call('unary');
    await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
    expect(performance.now() - startMs).toBeGreaterThan(190);
  });
});
