import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Ejection } from './ejection.ts';
import type { Destination } from './flight.ts';
import { Load } from './load.ts';

/** What an endpoint is made of. */
export interface EndpointOptions extends ConnectionOptions {
  readonly onState: () => void;
  /** Told when it is left out because it fails call after call. */
  readonly onEjected: () => void;
}

/** One of the servers behind an address: its one connection, and what is known of its load. */
export class Endpoint implements Destination {
  readonly connection: Connection;
  readonly load = new Load();
  readonly ejection = new Ejection();
  readonly #onEjected: () => void;

  constructor({ onEjected, ...options }: EndpointOptions) {
    this.#onEjected = onEjected;
    const onState = (): void => {
      if (this.state === 'ready') {
        this.load.forget();
        this.ejection.succeeded();
      }
      options.onState();
    };
    this.connection = new Connection({ ...options, onState });
  }

  /** What is known of its latency is of the time when it failed: the call to try with is to come here. */
  ejected(): void {
    this.load.forget();
    this.#onEjected();
  }

  /** No more calls come: closes the connection after those that run. */
  retire(): void {
    this.load.whenIdle(() => void this.connection.close());
  }

  get state(): ConnectionState {
    return this.connection.state;
  }
}
