import { lookup as dnsLookup } from 'node:dns/promises';
import { formatTarget, type Target } from './targets.ts';

/** The IP addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** A place to connect to. */
export interface Place {
  /** `ip:port` */
  readonly address: string;
  /** `name:port` where the address was looked up. */
  readonly authority?: string;
}

/** What a resolver is made of. */
export interface ResolverOptions {
  readonly targets: readonly Target[];
  /** Default: the system's (hosts file, search domains, DNS), which `dns.resolve` would leave out. */
  readonly lookup?: Lookup | undefined;
  /** Told the places after every lookup, the same ones too. */
  readonly onPlaces: (places: readonly Place[]) => void;
}

const LOOKUP_EVERY_MS = 3_000;

const systemLookup: Lookup = async (name) =>
  (await dnsLookup(name, { all: true })).map(({ address }) => address);

/**
 * Keeps the addresses behind names fresh: asks every three seconds while somebody uses it. DNS has no way to tell of a change, and
 * grpc-js asks at most every thirty seconds and only when something breaks, so that new pods would wait. An empty answer or a failure
 * changes nothing: a DNS server in trouble is no reason to drop connections that work.
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #known = new Map<string, readonly string[]>();
  readonly #hasNames: boolean;
  #used = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#hasNames = options.targets.some(({ isName }) => isName);
  }

  /** Somebody makes a call. */
  use(): void {
    if (!this.#hasNames) return;
    this.#used = true;
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#tick(), LOOKUP_EVERY_MS).unref();
    void this.refresh();
  }

  /** Asks now, or waits for the answer that is under way. Never rejects. */
  refresh(): Promise<void> {
    return (this.#running ??= this.#ask().finally(() => (this.#running = undefined)));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#used) {
      this.#used = false;
      void this.refresh();
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #ask(): Promise<void> {
    const { targets, lookup = systemLookup, onPlaces } = this.#options;
    const names = new Set(targets.filter(({ isName }) => isName).map(({ host }) => host));
    await Promise.all(
      Array.from(names, async (name) => {
        const addresses = await lookup(name).catch(() => []);
        if (addresses.length > 0) this.#known.set(name, addresses);
      }),
    );
    onPlaces(targets.flatMap((target) => this.#placesOf(target)));
  }

  #placesOf({ host, port, isName }: Target): readonly Place[] {
    if (!isName) return [{ address: formatTarget(host, port) }];
    const authority = formatTarget(host, port);
    return (this.#known.get(host) ?? []).map((ip) => ({ address: formatTarget(ip, port), authority }));
  }
}
