import { EchoService } from '@millrace/contracts/testing';
import { createBareServer } from '../bare-server.ts';
import { implement } from '../handlers.ts';
import type { Interceptor } from '../interceptor.ts';
import { echo } from './echo.ts';

/** One of several servers of `millrace.test.v1.EchoService`. */
export interface Member extends AsyncDisposable {
  /** `ip:port` */
  readonly address: string;
  readonly port: number;
  /** How many calls have reached it. */
  readonly calls: number;
  close(): Promise<void>;
}

/** Where a member stands, and what it does to its calls. */
export interface MemberOptions {
  /** Default 127.0.0.1; on Linux all of 127.0.0.0/8 is there, so that one name can stand for several servers. */
  readonly host?: string;
  readonly port?: number;
  readonly interceptor?: Interceptor;
}

/** Starts one. */
export async function startMember(options: MemberOptions = {}): Promise<Member> {
  const { host = '127.0.0.1', port: wanted = 0, interceptor = (call, next) => next(call) } = options;
  let calls = 0;
  const count: Interceptor = (call, next) => {
    calls += 1;
    return next(call);
  };
  const server = createBareServer({
    services: [implement(EchoService, echo)],
    interceptors: [count, interceptor],
  });
  const { port } = await server.listen({ host, port: wanted });
  const close = (): Promise<void> => server.close({ graceMs: 0 });
  return {
    address: `${host}:${port}`,
    port,
    get calls() {
      return calls;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
