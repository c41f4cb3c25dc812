/** What a client of the bench can be made to do, by grpc-js alone or by the kit. */
export interface Traffic {
  /** One unary call. Called back when it is over. */
  unary(done: (error: unknown) => void): void;
  /** Reads a server stream of so many messages. */
  serverStream(count: number): Promise<void>;
  /** Sends so many messages, at most `inFlight` of them unanswered, and reads an answer for each. */
  bidi(count: number, inFlight: number): Promise<void>;
}

/** Opens the way to a server on this machine. */
export type OpenTraffic = (port: number) => Promise<Traffic>;

/** Starts a server on any free port of this machine. */
export type StartServer = () => Promise<number>;
