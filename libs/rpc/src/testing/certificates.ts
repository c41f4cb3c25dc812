import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** What a certificate says of its owner. */
export interface CertificateOptions {
  readonly name: string;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** IPv4. */
  readonly ips?: readonly string[];
  /** What it is made for. Default both. */
  readonly usages?: readonly ('client' | 'server')[];
  /** Default: from an hour ago until in an hour. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** PEM texts. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority whose certificates a test believes. */
export interface TestAuthority {
  /** Its own certificate, PEM. */
  readonly cert: string;
  issue(options: CertificateOptions): IssuedCertificate;
}

/** DER, as far as certificates need it (X.690): a tag, a length, a content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const text = (tag: number, value: string) => der(tag, Buffer.from(value));
const octets = (value: Uint8Array) => der(0x04, value);
const TRUE = Buffer.from([1, 1, 255]);

/** An object identifier, such as `2.5.29.17`. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 127];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

/** 20261120180000Z */
const time = (date: Date) => text(0x18, date.toISOString().replace(/[-:T]|\.\d+/g, ''));
const nameOf = (name: string) => sequence(der(0x31, sequence(oid('2.5.4.3'), text(0x0c, name))));
const extension = (id: string, critical: boolean, value: Uint8Array) =>
  sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const USAGE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

const keyIdOf = (publicKey: KeyObject) =>
  createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();

function leafExtensions(options: CertificateOptions): Buffer[] {
  const { uris = [], dnsNames = [], ips = [], usages = ['client', 'server'] } = options;
  const names = [
    ...uris.map((uri) => text(0x86, uri)),
    ...dnsNames.map((name) => text(0x82, name)),
    ...ips.filter((ip) => isIP(ip) === 4).map((ip) => der(0x87, Buffer.from(ip.split('.').map(Number)))),
  ];
  return [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, Buffer.from([3, 2, 7, 0x80])),
    extension('2.5.29.37', false, sequence(...usages.map((usage) => oid(USAGE[usage])))),
    ...(names.length > 0 ? [extension('2.5.29.17', false, sequence(...names))] : []),
  ];
}

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
  readonly keyId: Buffer;
}

/** Version 3 (RFC 5280), on the curve P-256. */
function certify(
  options: CertificateOptions,
  { publicKey, extensions }: { publicKey: KeyObject; extensions: readonly Buffer[] },
  signer: Signer,
): string {
  const { name, notBefore, notAfter } = options;
  const body = sequence(
    der(0xa0, Buffer.from([2, 1, 2])),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ECDSA_SHA256,
    nameOf(signer.name),
    sequence(
      time(notBefore ?? new Date(Date.now() - 3_600_000)),
      time(notAfter ?? new Date(Date.now() + 3_600_000)),
    ),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension('2.5.29.14', false, octets(keyIdOf(publicKey))),
        extension('2.5.29.35', false, sequence(der(0x80, signer.keyId))),
        ...extensions,
      ),
    ),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, signer.key));
  const base64 = sequence(body, ECDSA_SHA256, signature).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** Makes an authority, with a key of its own. */
export function createTestAuthority(name = 'test authority'): TestAuthority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: Signer = { name, key: pair.privateKey, keyId: keyIdOf(pair.publicKey) };
  const extensions = [
    extension('2.5.29.19', true, sequence(TRUE)),
    extension('2.5.29.15', true, Buffer.from([3, 2, 1, 6])),
  ];
  return {
    cert: certify({ name }, { publicKey: pair.publicKey, extensions }, signer),
    issue: (options) => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        cert: certify(options, { publicKey, extensions: leafExtensions(options) }, signer),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}
