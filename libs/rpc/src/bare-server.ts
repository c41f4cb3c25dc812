import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import type { PolicyTable } from '@millrace/contracts';
import { ChannelService } from '@millrace/contracts/channel';
import { createEntrance } from './channel/channel-entrance.ts';
import { canFrame } from './channel/channel-limits.ts';
import { addContract } from './contract.ts';
import { createHandle } from './handle.ts';
import type { Implementation } from './handlers.ts';
import { addHealth, type Health } from './health.ts';
import { compose, type Interceptor } from './interceptor.ts';
import { DEFAULT_MESSAGE_BYTES, type ServerLimits } from './limits.ts';
import { listen, type Address } from './listen.ts';
import { addReflection } from './reflection.ts';
import type { OpenCall } from './server-calls.ts';
import { createDoor } from './server-door.ts';
import { Code, RpcError } from './status.ts';
import { createTlsServer, type ServerTls } from './tls/server-tls.ts';

/** What a server is made of. */
export interface BareServerOptions {
  readonly services: readonly Implementation[];
  /** The first is the outermost. Health and reflection pass none. */
  readonly interceptors?: readonly Interceptor[];
  /** Whether it tells anyone its protos. Default false: on in development, off in production. */
  readonly reflection?: boolean;
  /** Default: what the protos say. */
  readonly policies?: PolicyTable;
  readonly limits?: ServerLimits;
  /** Whether clients may send unary calls many on one stream (see docs/channel.md). Default true. */
  readonly channel?: boolean;
  /** Default: connections are not secured. */
  readonly tls?: ServerTls | undefined;
}

/** A gRPC server with health. It lives once: closed, it stays closed. */
export interface RpcServer {
  /** Takes calls from now on and is healthy. Throws a ListenError. */
  listen(address: Address): Promise<{ readonly port: number }>;
  /** What health says. */
  setServing(on: boolean): void;
  /**
   * Says that it is not serving, takes no new calls, lets those that run finish for `graceMs` and ends the others with
   * UNAVAILABLE. Watches, which have no end of their own, end at once.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** How long the last statuses may take to leave. */
const FAREWELL_MS = 250;

class GrpcServer implements RpcServer {
  readonly #net: NetServer;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Set<OpenCall>();
  readonly #server: Server;
  readonly #health: Health;
  #closed: Promise<void> | undefined;

  constructor({
    services,
    interceptors = [],
    reflection = false,
    policies,
    limits = {},
    channel = true,
    tls,
  }: BareServerOptions) {
    const methods = services
      .flatMap(({ service }) => Object.values(service.methods))
      .map((method) => policies?.effective(method) ?? method);
    const { maxMessageBytes = DEFAULT_MESSAGE_BYTES } = limits;
    const handle = compose(interceptors, createHandle(services));
    const calls = { handle, open: this.#open, maxMessageBytes };
    const entrance =
      channel && canFrame(maxMessageBytes, limits.maxHeaderBytes)
        ? createEntrance(methods, calls, limits)
        : undefined;
    const byPath = new Map(methods.map((one) => [one.path, one]));
    const { server, enter } = createDoor({ methods: byPath, calls, limits, entrance });
    this.#server = server;
    for (const { service } of services) addContract(server, service.descriptor);
    if (entrance) addContract(server, ChannelService);
    this.#health = addHealth(
      server,
      services.map(({ service }) => service.name),
    );
    if (reflection) addReflection(server, services);
    this.#net = tls ? createTlsServer(tls, enter) : createNetServer({ noDelay: true }, enter);
    this.#net.maxConnections = limits.maxConnections ?? 10_000;
    this.#net.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(address: Address): Promise<{ readonly port: number }> {
    const port = await listen(this.#net, address);
    this.setServing(true);
    return { port };
  }

  setServing(on: boolean): void {
    this.#health.setServing(on);
  }

  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    return (this.#closed ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    this.setServing(false);
    // When the last connection has ended. grpc-js's own callback comes too early: Node's HTTP/2 server has begun to close
    // the sessions by then, and grpc-js takes those for closed.
    const drained = new Promise<void>((resolve) => this.#net.close(() => resolve()));
    for (const call of this.#open) call.drain?.();
    this.#server.tryShutdown(() => undefined);
    this.#cancel((call) => call.isWatch);
    if (!(await within(graceMs, drained))) {
      this.#cancel(() => true);
      await within(FAREWELL_MS, drained);
    }
    this.#server.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
    await drained;
  }

  #cancel(which: (call: OpenCall) => boolean): void {
    const why = new RpcError(Code.UNAVAILABLE, 'the server is shutting down', { reason: 'SHUTTING_DOWN' });
    for (const call of this.#open) if (which(call)) call.cancel(why);
  }
}

/** Whether it happens in time. */
async function within(timeoutMs: number, event: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, timeoutMs, false);
  const inTime = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

/** Makes a server for these services, with no interceptors but those it is given. */
export function createBareServer(options: BareServerOptions): RpcServer {
  return new GrpcServer(options);
}
