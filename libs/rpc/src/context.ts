import { AsyncLocalStorage } from 'node:async_hooks';
import type { Criticality } from '@millrace/contracts';
import type { SpanContext } from '@opentelemetry/api';
import { Cancellation, type Undo } from './cancellation.ts';
import type { RpcError } from './status.ts';

/** On whose behalf something happens. Comes from a verified token or certificate only, never from plain metadata. */
export interface Principal {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** The service that acts for it, or that it is; undefined where no service of ours stands between. */
  readonly actor?: string | undefined;
}

/** What a context is made of. */
export interface ContextFields {
  /** When the work must be done, on the performance.now() scale; Infinity when nobody set a limit. */
  readonly deadlineMs: number;
  /** The span that what happens here belongs to. */
  readonly trace: SpanContext | undefined;
  readonly principal: Principal | undefined;
  /** How much the request that all this is for matters. */
  readonly criticality: Criticality | undefined;
  /** Somebody upstream is trying again already: do not try again here. */
  readonly isRetry: boolean;
  /** Whoever made the request sends it a second time when it is slow: do not do the same here. */
  readonly isHedged: boolean;
}

/**
 * What belongs to a request and everything done for it. It flows to outbound calls by itself: a call made while a handler
 * runs shares its deadline, cancellation, trace and principal.
 */
export class Context implements ContextFields {
  readonly deadlineMs: number;
  readonly trace: SpanContext | undefined;
  readonly principal: Principal | undefined;
  readonly criticality: Criticality | undefined;
  readonly isRetry: boolean;
  readonly isHedged: boolean;
  readonly #cancellation: Cancellation;

  constructor(fields: Partial<ContextFields> = {}, cancellation = new Cancellation()) {
    this.deadlineMs = fields.deadlineMs ?? Infinity;
    this.trace = fields.trace;
    this.principal = fields.principal;
    this.criticality = fields.criticality;
    this.isRetry = fields.isRetry ?? false;
    this.isHedged = fields.isHedged ?? false;
    this.#cancellation = cancellation;
  }

  /** Why the work is no longer wanted; undefined while it is. */
  get cancelled(): RpcError | undefined {
    return this.#cancellation.why;
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  onCancel(listener: (why: RpcError) => void): Undo {
    return this.#cancellation.onCancel(listener);
  }

  /** A changed copy that is cancelled together with this one, or by `cancellation` where one is given. */
  with(patch: Partial<ContextFields>, cancellation = this.#cancellation): Context {
    // Written out, as in Call: every hop of a chain makes one.
    const fields = {
      deadlineMs: patch.deadlineMs === undefined ? this.deadlineMs : patch.deadlineMs,
      trace: patch.trace === undefined ? this.trace : patch.trace,
      principal: patch.principal === undefined ? this.principal : patch.principal,
      criticality: patch.criticality === undefined ? this.criticality : patch.criticality,
      isRetry: patch.isRetry === undefined ? this.isRetry : patch.isRetry,
      isHedged: patch.isHedged === undefined ? this.isHedged : patch.isHedged,
    };
    return new Context(fields, cancellation);
  }

  /** For work that outlives its caller: keeps trace and principal, drops deadline, cancellation and the marks of second attempts. */
  detach(): Context {
    const { trace, principal, criticality } = this;
    return new Context({ trace, principal, criticality });
  }
}

const storage = new AsyncLocalStorage<Context>();
const BACKGROUND = new Context();

/** The context of the request that is being served; outside of one, a context without limits. */
export function currentContext(): Context {
  return storage.getStore() ?? BACKGROUND;
}

/** Runs `work` in a context; everything it awaits and calls sees it. */
export function runInContext<T>(context: Context, work: () => T): T {
  return storage.run(context, work);
}
