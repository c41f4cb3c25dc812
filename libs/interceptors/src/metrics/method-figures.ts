import type { Attributes } from '@opentelemetry/api';
import type { Method } from '@millrace/contracts';
import { Code, codeName, type RpcError } from '@millrace/rpc';
import { rpcAttributes, RPC_STATUS_CODE } from '../rpc-attributes.ts';
import { isServerFault } from '../server-fault.ts';

/** The calls of one method that are under way, and the attributes of its metrics: made once, not at every call. */
export class MethodFigures {
  active = 0;
  readonly attributes: Attributes;
  /** Of the messages that this side sent, and of those that it got. */
  readonly sent: Attributes;
  readonly received: Attributes;
  readonly #side: 'client' | 'server';
  readonly #byCode: (Attributes | undefined)[] = [];

  constructor(method: Method, side: 'client' | 'server') {
    this.#side = side;
    this.attributes = rpcAttributes(method);
    this.sent = Object.freeze({ ...this.attributes, 'network.io.direction': 'transmit' });
    this.received = Object.freeze({ ...this.attributes, 'network.io.direction': 'receive' });
  }

  /** The attributes of a call that ended so. */
  ended(error: RpcError | undefined): Attributes {
    const code = error?.code ?? Code.OK;
    return (this.#byCode[code] ??= this.#describe(code));
  }

  #describe(code: Code): Attributes {
    const status = codeName(code);
    const failed = code !== Code.OK && (this.#side === 'client' || isServerFault(code));
    return Object.freeze({
      ...this.attributes,
      [RPC_STATUS_CODE]: status,
      ...(failed && { 'error.type': status }),
    });
  }
}
