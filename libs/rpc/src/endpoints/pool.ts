import { metrics, trace } from '@opentelemetry/api';
import type { Call } from '../call.ts';
import { notSent, unsendable, type ConnectionOptions } from '../connection.ts';
import type { Next, Reply } from '../interceptor.ts';
import type { RpcError } from '../status.ts';
import { timers } from '../timer-wheel.ts';
import { Endpoint } from './endpoint.ts';
import { Flight } from './flight.ts';
import { pick } from './pick.ts';
import { Resolver, type Lookup, type Place } from './resolver.ts';
import type { Target } from './targets.ts';

/** What a pool is made of. */
export interface PoolOptions extends Omit<ConnectionOptions, 'authority' | 'onState'> {
  readonly targets: readonly Target[];
  readonly lookup?: Lookup | undefined;
}

/** Waits for the event, but no longer than the call is wanted. */
function until(event: Promise<unknown>, call: Call): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const alarm = timers.at(call.deadlineMs, resolve);
  const undo = call.onCancel(() => resolve());
  void event.then(() => resolve());
  return promise.finally(() => {
    alarm.stop();
    undo();
  });
}

/** Whether the call may run although it may have run already. */
function mayRunTwice({ method }: Call, error: RpcError): boolean {
  return error.sent !== 'maybe' || method.policy.idempotency !== 'unknown';
}

/**
 * One connection to each of the servers behind an address, and for each call the better of two of them. Only those that are connected are
 * picked while there are any. A call whose connection breaks goes once to another server, if it never arrived or may run twice:
 * that is no retry and takes nothing from the budget of retries, because a broken connection says nothing about the servers that are left.
 */
export class Pool {
  readonly address: string;
  readonly #options: PoolOptions;
  readonly #resolver: Resolver;
  readonly #endpoints = new Map<string, Endpoint>();
  #ready: readonly Endpoint[] = [];
  #change = Promise.withResolvers<void>();
  readonly #moved = new WeakSet<object>();
  readonly #meter = metrics.getMeter('@millrace/rpc');
  readonly #moves = this.#meter.createCounter('millrace.client.redispatches');
  readonly #ejections = this.#meter.createCounter('millrace.client.ejections');
  #closed = false;

  constructor(options: PoolOptions) {
    this.address = options.address;
    this.#options = options;
    const { targets, lookup } = options;
    this.#resolver = new Resolver({ targets, lookup, onPlaces: (places) => this.#assign(places) });
  }

  readonly next: Next = (call) => {
    this.#resolver.use();
    const nowMs = performance.now();
    const endpoint = this.#pick(this.#ready, nowMs);
    return endpoint ? this.#send(call, endpoint, nowMs) : this.#wait(call);
  };

  /** Connects to all servers before the first call does it. */
  async connect(): Promise<void> {
    this.#resolver.use();
    await this.#resolver.refresh();
    await Promise.all(Array.from(this.#endpoints.values(), ({ connection }) => connection.connect()));
  }

  /** Calls that run still finish; new ones are UNAVAILABLE. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#resolver.close();
    await Promise.all(Array.from(this.#endpoints.values(), ({ connection }) => connection.close()));
    this.#endpoints.clear();
    this.#refresh();
  }

  /** Not one that is left out, unless those are more than half: then it is not they that are broken. */
  #pick(from: readonly Endpoint[], nowMs: number): Endpoint | undefined {
    if (!from.some(({ ejection }) => ejection.isEjected)) return pick(from, nowMs);
    const takers = from.filter(({ ejection }) => ejection.mayTake(nowMs));
    return pick(takers.length * 2 >= from.length ? takers : from, nowMs);
  }

  #send(call: Call, endpoint: Endpoint, nowMs: number): Promise<Reply> {
    const flight = new Flight(endpoint, call.kind, nowMs);
    return endpoint.connection.next(call, flight).catch((error: RpcError) => {
      flight.ended(error, false);
      const moved = flight.isLost && this.#mayMove(call, error) ? this.#move(call, endpoint) : undefined;
      if (!moved) throw error;
      return moved;
    });
  }

  /** Requests that were streamed are gone; the others can be sent again. */
  #mayMove(call: Call, error: RpcError): boolean {
    return !this.#closed && !call.requests && mayRunTwice(call, error) && !this.#moved.has(call.identity);
  }

  /** Undefined when there is no other way to go. */
  #move(call: Call, from: Endpoint): Promise<Reply> | undefined {
    const nowMs = performance.now();
    const others = this.#ready.filter((endpoint) => endpoint !== from);
    const to = this.#pick(others, nowMs);
    if (!to && (from.state === 'ready' || this.#isHopeless())) return undefined;
    this.#moved.add(call.identity);
    this.#moves.add(1, { 'rpc.method': call.method.path.slice(1) });
    trace.getActiveSpan()?.addEvent('redispatch', { 'network.peer.address': from.connection.address });
    return to ? this.#send(call, to, nowMs) : this.#wait(call);
  }

  /** Until an endpoint is ready, or none can be. */
  async #wait(call: Call): Promise<Reply> {
    if (this.#endpoints.size === 0) await until(this.#resolver.refresh(), call);
    for (;;) {
      const why = this.#closed ? notSent('the transport is closed') : unsendable(call);
      if (why) throw why;
      if (this.#endpoints.size === 0) throw notSent(`nothing is known by the name ${this.address}`);
      const nowMs = performance.now();
      // One that has failed says why, and a single one has nobody to wait for.
      const rest = this.#endpoints.size === 1 || this.#isHopeless() ? [...this.#endpoints.values()] : [];
      const endpoint = this.#pick(this.#ready, nowMs) ?? pick(rest, nowMs);
      if (endpoint) return this.#send(call, endpoint, nowMs);
      await until(this.#change.promise, call);
    }
  }

  #isHopeless(): boolean {
    return [...this.#endpoints.values()].every(({ state }) => state === 'failed');
  }

  #assign(places: readonly Place[]): void {
    if (this.#closed) return;
    const wanted = new Map<string, Place>();
    for (const place of places) wanted.set(`${place.address} ${place.authority}`, place);
    for (const [key, endpoint] of this.#endpoints) {
      if (wanted.has(key)) continue;
      this.#endpoints.delete(key);
      endpoint.retire();
    }
    for (const [key, place] of wanted) {
      if (!this.#endpoints.has(key)) this.#endpoints.set(key, this.#open(place));
    }
    this.#refresh();
  }

  #open(place: Place): Endpoint {
    const { targets: _targets, lookup: _lookup, ...options } = this.#options;
    const onEjected = (): void => {
      this.#ejections.add(1, { 'server.address': this.address });
      trace.getActiveSpan()?.addEvent('ejection', { 'network.peer.address': place.address });
    };
    return new Endpoint({ ...options, ...place, onState: () => this.#refresh(), onEjected });
  }

  #refresh(): void {
    this.#ready = Array.from(this.#endpoints.values()).filter(({ state }) => state === 'ready');
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
