import { isIP } from 'node:net';

/** One of the places that an address names. */
export interface Target {
  /** An IP address, or a name to be looked up. */
  readonly host: string;
  readonly port: string;
  readonly isName: boolean;
}

const TARGET = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^\s:/,[\]]+)):(?<port>\d+)$/;

/** `a:1,b:2` taken apart; undefined for what is none of ours, such as `unix:/run/x.sock`. */
export function parseTargets(address: string): readonly Target[] | undefined {
  const targets: Target[] = [];
  for (const part of address.split(',')) {
    const { v6, host = v6, port } = TARGET.exec(part.trim())?.groups ?? {};
    if (host === undefined || port === undefined) return undefined;
    targets.push({ host, port, isName: isIP(host) === 0 });
  }
  return targets;
}

/** `host:port`, an IPv6 address in brackets. */
export function formatTarget(host: string, port: string): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
