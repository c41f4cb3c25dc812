import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Load } from './load.ts';

/** One of the servers behind an address: its one connection, and what is known of its load. */
export class Endpoint {
  readonly connection: Connection;
  readonly load = new Load();

  constructor(options: ConnectionOptions & { readonly onState: () => void }) {
    const onState = (): void => {
      if (this.state === 'ready') this.load.forget();
      options.onState();
    };
    this.connection = new Connection({ ...options, onState });
  }

  /** No more calls come: closes the connection after those that run. */
  retire(): void {
    this.load.whenIdle(() => void this.connection.close());
  }

  get state(): ConnectionState {
    return this.connection.state;
  }
}
