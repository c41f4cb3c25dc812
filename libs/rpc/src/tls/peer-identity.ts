import type { PeerCertificate } from 'node:tls';

/** Who is at the other end of a connection, by a certificate that was verified. */
export interface PeerIdentity {
  /** Its URIs, such as `spiffe://millrace.example/service/order`. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** Its subject's common name, '' where it has none. For logs: names count, subjects do not. */
  readonly subject: string;
}

/** One name, as Node writes it: plain, or as a JSON string where it holds anything that could pass for another name. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/gy;

/** The alternative names as Node writes them, `URI:a, DNS:b`. None at all when they cannot be told apart with certainty. */
export function parseAlternativeNames(text: string): readonly (readonly [kind: string, name: string])[] {
  const names: [string, string][] = [];
  let end = 0;
  for (const [match, kind = '', name = ''] of text.matchAll(NAME)) {
    end += match.length;
    names.push([kind, name.startsWith('"') ? (JSON.parse(name) as string) : name]);
  }
  return end === text.length ? names : [];
}

/** What a verified certificate says. */
export function readPeerIdentity(certificate: PeerCertificate): PeerIdentity {
  const names = parseAlternativeNames(certificate.subjectaltname ?? '');
  const ofKind = (wanted: string) =>
    Object.freeze(names.filter(([kind]) => kind === wanted).map(([, name]) => name));
  const { CN } = certificate.subject;
  const subject = Array.isArray(CN) ? CN.join(',') : (CN ?? '');
  return Object.freeze({ uris: ofKind('URI'), dnsNames: ofKind('DNS'), subject });
}
