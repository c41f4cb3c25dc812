import type { Burden } from './load.ts';

/** Called once when a call is over. */
export type Done = (error: unknown) => void;

/** What a client of the bench can be made to do, whoever it is by. */
export interface Traffic {
  /** One unary call. */
  unary(done: Done): void;
  /** The same with something more asked of it. A call that is cancelled as asked went well. */
  readonly burdened?: (burden: Burden, done: Done) => void;
  readonly streams?: Streams;
}

/** Calls with many messages. */
export interface Streams {
  /** Reads a server stream of so many messages. */
  serverStream(count: number): Promise<void>;
  /** Sends so many messages, at most `inFlight` of them unanswered, and reads an answer for each. */
  bidi(count: number, inFlight: number): Promise<void>;
}

/** Opens the way to a server on this machine. */
export type OpenTraffic = (port: number) => Promise<Traffic>;

/**
 * What the handler of the unary call does: answers at once, answers after 1 to 5 ms by a timer, answers at once when it has asked for
 * the call's AbortSignal.
 */
export type Handling = 'instant' | 'slow' | 'signals';

/** Starts a server on any free port of this machine. */
export type StartServer = (handling: Handling) => Promise<number>;
