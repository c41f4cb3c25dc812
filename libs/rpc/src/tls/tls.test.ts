import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createBareServer, createTransport, implement } from '../index.ts';
import type { Call, ClientTls, RpcServer, ServerTls } from '../index.ts';
import { createTestAuthority, createTlsFolder, echo } from '../testing.ts';
import type { CertificateOptions, TlsFolder } from '../testing.ts';

const HOUR_MS = 3_600_000;
const authority = createTestAuthority();
const rogue = createTestAuthority();
const SERVER = { name: 'echo', ips: ['127.0.0.1'], dnsNames: ['echo.example'] };
const CALLER = { name: 'caller', uris: ['spiffe://millrace.example/service/caller'] };

const closing: (() => unknown)[] = [];
let server: RpcServer;
let serverFiles: TlsFolder;
let port: number;
let seen: Call[];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function folder(options: CertificateOptions, from = authority): TlsFolder {
  const made = createTlsFolder(from.issue(options), authority.cert);
  closing.push(() => made[Symbol.dispose]());
  return made;
}

async function serve(certificate: CertificateOptions = SERVER, patch: Partial<ServerTls> = {}) {
  serverFiles = folder(certificate);
  const { certFile, keyFile, caFile } = serverFiles;
  server = createBareServer({
    services: [implement(EchoService, echo)],
    interceptors: [
      (call, next) => {
        seen.push(call);
        return next(call);
      },
    ],
    tls: { certFile, keyFile, clientCaFile: caFile, ...patch },
  });
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
  closing.push(() => server.close({ graceMs: 0 }));
}

function client(tls: ClientTls | undefined) {
  const transport = createTransport({ address: `127.0.0.1:${port}`, tls });
  closing.push(() => transport.close());
  return createBareClient(EchoService, { transport });
}

function withCertificate(options: CertificateOptions, from = authority): ClientTls {
  const { certFile, keyFile, caFile } = folder(options, from);
  return { certFile, keyFile, caFile };
}

beforeEach(() => void (seen = []));

describe('a server that asks for certificates', () => {
  beforeEach(() => serve());

  test('lets a good one in, and knows whose it is', async () => {
    const { echo } = client(withCertificate(CALLER));
    expect(await echo({ text: 'hello' })).toMatchObject({ text: 'hello' });
    await echo({});
    expect(seen[0]?.peerIdentity).toEqual({ uris: CALLER.uris, dnsNames: [], subject: 'caller' });
    // Once a connection, not once a call.
    expect(seen[1]?.peerIdentity).toBe(seen[0]?.peerIdentity);
    expect(seen[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test.each<[string, () => ClientTls | undefined]>([
    ['no certificate', () => ({ caFile: serverFiles.caFile })],
    ['one of a rogue authority', () => withCertificate(CALLER, rogue)],
    [
      'one of a rogue authority that bears the name of the right one',
      () => withCertificate(CALLER, createTestAuthority('test authority')),
    ],
    ['an expired one', () => withCertificate({ ...CALLER, notAfter: new Date(Date.now() - 1_000) })],
    [
      'one that is not valid yet',
      () =>
        withCertificate({
          ...CALLER,
          notBefore: new Date(Date.now() + HOUR_MS / 2),
          notAfter: new Date(Date.now() + HOUR_MS),
        }),
    ],
    ['one that is made for servers', () => withCertificate({ ...CALLER, usages: ['server'] })],
    ['plaintext', () => undefined],
  ])('refuses %s', async (_name, tls) => {
    const startMs = performance.now();
    const failure = client(tls()).echo({});
    await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(seen).toEqual([]);
  });

  test.each([
    ['TLS 1.1', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, false],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, true],
    ['TLS 1.2 without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }, false],
    ['TLS 1.3', { minVersion: 'TLSv1.3' }, true],
    ['HTTP/1.1', { ALPNProtocols: ['http/1.1'] }, false],
    ['no protocol', { ALPNProtocols: [] }, false],
  ] as const)('speaks with %s, or not', async (_name, options, isTaken) => {
    const files = folder(CALLER);
    const socket = connectTls({
      ...{ host: '127.0.0.1', port, ALPNProtocols: ['h2'] },
      ca: readFileSync(files.caFile),
      cert: readFileSync(files.certFile),
      key: readFileSync(files.keyFile),
      ...(options as object),
    });
    closing.push(() => socket.destroy());
    // The server's HTTP/2 settings, or the end.
    const spoke = await new Promise((resolve) => {
      socket.on('error', () => undefined).once('data', () => resolve(true));
      socket.once('close', () => resolve(false));
    });
    expect(spoke).toBe(isTaken);
  });
});

describe('a server’s certificate', () => {
  test.each<[string, CertificateOptions, string | undefined]>([
    ['of another name', { ...SERVER, ips: [], dnsNames: ['other.example'] }, undefined],
    ['of another name than was asked for', SERVER, 'other.example'],
    ['that is made for clients', { ...SERVER, usages: ['client'] }, undefined],
    ['that has expired', { ...SERVER, notAfter: new Date(Date.now() - 1_000) }, undefined],
  ])('%s is not taken', async (_name, certificate, serverName) => {
    await serve(certificate);
    const failure = client({ ...withCertificate(CALLER), serverName }).echo({});
    await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
    expect(seen).toEqual([]);
  });

  test('of a rogue authority is not taken', async () => {
    await serve();
    serverFiles.write(rogue.issue(SERVER), authority.cert);
    await server.close({ graceMs: 0 });
    server = createBareServer({ services: [], tls: serverFiles });
    ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
    closing.push(() => server.close({ graceMs: 0 }));
    const failure = client(withCertificate(CALLER)).echo({});
    await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
  });

  test('may have the name that was asked for instead of the address', async () => {
    await serve({ ...SERVER, ips: [] });
    const { echo } = client({ ...withCertificate(CALLER), serverName: 'echo.example' });
    expect(await echo({ text: 'hello' })).toMatchObject({ text: 'hello' });
  });

  test('has the name that was looked up, whichever address that stands for', async () => {
    await serve({ ...SERVER, ips: [], dnsNames: ['localhost'] });
    const transport = createTransport({ address: `localhost:${port}`, tls: withCertificate(CALLER) });
    closing.push(() => transport.close());
    expect(await createBareClient(EchoService, { transport }).echo({ text: 'hello' })).toMatchObject({
      text: 'hello',
    });
  });

  test('is enough where none is asked of clients; then nobody is known by one', async () => {
    await serve(SERVER, { clientCaFile: undefined });
    await client({ caFile: serverFiles.caFile }).echo({});
    await client(withCertificate(CALLER)).echo({});
    expect(seen.map(({ peerIdentity }) => peerIdentity)).toEqual([undefined, undefined]);
  });
});

test('TLS to a port without it is UNAVAILABLE at once', async () => {
  const plain = createBareServer({ services: [implement(EchoService, echo)] });
  ({ port } = await plain.listen({ host: '127.0.0.1', port: 0 }));
  closing.push(() => plain.close({ graceMs: 0 }));
  const startMs = performance.now();
  const failure = client(withCertificate(CALLER)).echo({});
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

test('a handshake that is begun and not finished is cut', async () => {
  await serve(SERVER, { handshakeTimeoutMs: 50 });
  const socket = connectTcp(port, '127.0.0.1');
  closing.push(() => socket.destroy());
  // The head of a ClientHello.
  socket.resume().write(Buffer.from([22, 3, 1, 2, 0, 1]));
  await once(socket, 'close');
});

test('a server closes though a handshake is under way', async () => {
  await serve();
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resume().on('error', () => undefined);
  const closed = once(socket, 'close');
  await server.close({ graceMs: 10 });
  await closed;
});
