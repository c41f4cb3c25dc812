import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient, createBareServer, createTransport, implement, TlsError } from '../index.ts';
import type { ClientTls } from '../index.ts';
import { createTestAuthority, createTlsFolder, echo } from '../testing.ts';
import type { TlsFolder } from '../testing.ts';
import { readSecureFiles } from './secure-files.ts';
import { WatchedFiles } from './watched-files.ts';

const before = createTestAuthority('before');
const after = createTestAuthority('after');
const both = before.cert + after.cert;
const SERVER = { name: 'echo', ips: ['127.0.0.1'], dnsNames: ['localhost'] };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function folder(...made: Parameters<typeof createTlsFolder>): TlsFolder {
  const it = createTlsFolder(...made);
  closing.push(() => it[Symbol.dispose]());
  return it;
}

// One connection, and a pool of them behind a name.
describe.each(['127.0.0.1', 'localhost'])('certificates that are replaced while calls to %s run', (host) => {
  let serverFiles: TlsFolder;
  let clientFiles: TlsFolder;
  let client: ReturnType<typeof createBareClient<typeof EchoService>>;
  let callers: Set<string | undefined>;
  let connections: Set<string | undefined>;

  beforeEach(async () => {
    serverFiles = folder(before.issue(SERVER), before.cert);
    clientFiles = folder(before.issue({ name: 'first' }), before.cert);
    callers = new Set();
    connections = new Set();
    const { certFile, keyFile, caFile } = serverFiles;
    const server = createBareServer({
      services: [implement(EchoService, echo)],
      interceptors: [
        (call, next) => {
          callers.add(call.peerIdentity?.subject);
          connections.add(call.peer);
          return next(call);
        },
      ],
      tls: { certFile, keyFile, clientCaFile: caFile, checkEveryMs: 0 },
    });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const tls: ClientTls = { ...clientFiles, checkEveryMs: 0 };
    const transport = createTransport({ address: `${host}:${port}`, tls });
    closing.push(
      () => server.close({ graceMs: 0 }),
      () => transport.close(),
    );
    client = createBareClient(EchoService, { transport });
  });

  /** As an operator does it: believe both authorities, replace the certificates, forget the old authority. */
  async function rotate(between: () => Promise<void>): Promise<void> {
    const steps: (() => void)[] = [
      () => serverFiles.write(before.issue(SERVER), both),
      () => clientFiles.write(before.issue({ name: 'first' }), both),
      () => serverFiles.write(after.issue(SERVER), both),
      () => clientFiles.write(after.issue({ name: 'second' }), both),
      () => serverFiles.write(after.issue(SERVER), after.cert),
      () => clientFiles.write(after.issue({ name: 'second' }), after.cert),
    ];
    for (const step of steps) {
      step();
      await between();
    }
  }

  test('fail no call, and new ones come with the new certificate', async () => {
    let stop = false;
    let calls = 0;
    const caller = async () => {
      for (; !stop; calls++) {
        await client.echo({ text: 'x' });
        await Array.fromAsync(client.expand({ text: 'x', count: 3 }));
      }
    };
    const callersDone = Promise.all(Array.from({ length: 8 }, caller));
    // While calls go on: until each caller has made some more.
    const some = async () => {
      for (const until = calls + 40; calls < until;) await client.echo({});
    };
    await some();
    await rotate(some);
    callers.clear();
    await some();
    expect([...callers]).toEqual(['second']);
    stop = true;
    await callersDone;
    expect(connections.size).toBeGreaterThan(1);
  });

  test('do not disturb a stream that is open', async () => {
    const texts = new TransformStream<{ text: string }>();
    const writer = texts.writable.getWriter();
    const answers = client.chat(texts.readable)[Symbol.asyncIterator]();
    const turn = async (text: string) => {
      const [{ value }] = await Promise.all([answers.next(), writer.write({ text })]);
      expect(value).toMatchObject({ text });
    };
    await turn('before');
    await rotate(async () => {
      await client.echo({});
      await turn('between');
    });
    await turn('after');
    await writer.close();
    expect(await answers.next()).toMatchObject({ done: true });
  });
});

describe('files that cannot be used', () => {
  const issued = before.issue(SERVER);
  const other = before.issue(SERVER);

  test.each<[string, { cert: string; key: string }, string, RegExp]>([
    [
      'a key of another certificate',
      { cert: issued.cert, key: other.key },
      before.cert,
      /tls\.key is not that of .*tls\.crt/,
    ],
    [
      'half a certificate',
      { cert: issued.cert.slice(0, 200), key: issued.key },
      before.cert,
      /tls\.crt holds no cert/,
    ],
    [
      'a certificate that is none',
      { cert: pem('AAAA'), key: issued.key },
      before.cert,
      /tls\.crt holds a cert.* none/,
    ],
    [
      'half a key',
      { cert: issued.cert, key: issued.key.slice(0, 100) },
      before.cert,
      /tls\.key holds no private/,
    ],
    ['no authority', issued, '', /ca\.crt holds no certificate/],
  ])('name the file at the start: %s', (_name, pair, ca, message) => {
    const files = folder(pair, ca);
    expect(() => readSecureFiles(files)).toThrow(TlsError);
    expect(() => readSecureFiles(files)).toThrow(message);
  });

  test('name the file at the start: one that is not there, one without the other', () => {
    const { certFile, keyFile } = folder(issued, before.cert);
    expect(() => readSecureFiles({ certFile, keyFile: '/nowhere/tls.key' })).toThrow(
      /nowhere\/tls\.key cannot be read/,
    );
    expect(() => readSecureFiles({ certFile })).toThrow(/go together/);
    expect(() => createBareServer({ services: [], tls: { certFile, keyFile: '/nowhere' } })).toThrow(
      TlsError,
    );
    expect(() => createTransport({ address: 'a:1', tls: { caFile: keyFile } })).toThrow(
      /holds no certificate/,
    );
  });

  test('leave what was read before, and are reported once for each of their states', () => {
    const files = folder(issued, before.cert);
    const errors: unknown[] = [];
    const watched = new WatchedFiles(files, { checkEveryMs: 0, onError: (error) => errors.push(error) });
    const first = watched.current();
    writeFileSync(files.keyFile, other.key);
    expect(watched.current()).toBe(first);
    expect(watched.current()).toBe(first);
    expect(errors).toHaveLength(1);
    writeFileSync(files.keyFile, 'nothing');
    expect(watched.current()).toBe(first);
    const messages = errors.map((error) => (error as Error).message);
    expect(messages).toEqual([
      expect.stringMatching(/is not that of/),
      expect.stringMatching(/tls\.key holds/),
    ]);
    files.write(other, before.cert);
    expect(watched.current()).not.toBe(first);
    expect(watched.current().options.key).toBe(other.key);
    expect(errors).toHaveLength(2);
  });

  test('are looked at only now and then', () => {
    const files = folder(issued, before.cert);
    const watched = new WatchedFiles(files, { checkEveryMs: 60_000 });
    const first = watched.current();
    files.write(other, before.cert);
    expect(watched.current()).toBe(first);
  });
});

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}
