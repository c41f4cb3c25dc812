import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { Codec } from './codec.ts';
import type { Policy } from './policy.ts';

/** The four shapes a call can have. */
export type CallKind = 'unary' | 'clientStream' | 'serverStream' | 'bidi';

/** One rpc with everything known about it. Made once a process, frozen. */
export interface Method {
  /** As in the proto: `PlaceOrder`. */
  readonly name: string;
  /** As in clients and handlers: `placeOrder`. */
  readonly localName: string;
  /** Full name of its service: `shop.order.v1.OrderService`. */
  readonly service: string;
  /** On the wire: `/shop.order.v1.OrderService/PlaceOrder`. */
  readonly path: string;
  readonly kind: CallKind;
  readonly request: Codec;
  readonly response: Codec;
  readonly policy: Policy;
  /** The descriptor, for reading further options of the proto. */
  readonly descriptor: DescMethod;
}

/** One service of the contract. The type parameter gives clients and handlers their types. */
export interface Service<S extends DescService = DescService> {
  readonly name: string;
  readonly descriptor: S;
  /** By local name: `placeOrder`. */
  readonly methods: Readonly<Record<string, Method>>;
}
