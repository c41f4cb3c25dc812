// A process that encodes and decodes an order and its answer, by the contract's codecs and by others, and says what a message costs.
import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import {
  ByteWriter,
  createCodec,
  describeService,
  loadForReflection,
  OrderSchema,
  OrderService,
  PlaceOrderRequestSchema,
  PlaceOrderResponseSchema,
} from '@millrace/contracts';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { answer } from '../answer.ts';
import { nextOrder, order } from '../messages.ts';

/** Encodes or decodes one message after the other. */
type Work = () => unknown;

const MESSAGES = 512;
const orders = Array.from({ length: MESSAGES }, nextOrder);
const answers = orders.map(({ idempotencyKey }) =>
  create(PlaceOrderResponseSchema, { order: create(OrderSchema, { ...order, id: idempotencyKey }) }),
);

/** Gives one after the other, and the first after the last. */
function inTurn<T>(all: readonly T[]): () => T {
  let index = 0;
  return () => all[(index = (index + 1) % all.length)] as T;
}

/** As proto-loader does it. */
interface Loaded {
  serialize(message: object): Buffer;
  deserialize(bytes: Buffer): object;
}

/** Works by name. */
function casesOf(
  name: string,
  [schema, messages]: readonly [DescMessage, readonly Message[]],
  loaded: Loaded,
): [string, Work][] {
  const codec = createCodec(schema);
  const to = new ByteWriter();
  const bytes = messages.map((message) => Buffer.from(codec.encode(message)));
  // As proto-loader has them.
  const plain = bytes.map((one) => loaded.deserialize(one));
  const [message, encoded, object] = [inTurn(messages), inTurn(bytes), inTurn(plain)];
  const works = {
    'ours.encode': () => codec.encode(message()),
    'ours.write': () => {
      to.length = 0;
      codec.write(message(), to);
    },
    'ours.decode': () => codec.decode(encoded()),
    'protobuf-es.encode': () => toBinary(schema, message()),
    'protobuf-es.decode': () => fromBinary(schema, encoded()),
    'proto-loader.encode': () => loaded.serialize(object()),
    'proto-loader.decode': () => loaded.deserialize(encoded()),
  };
  return Object.entries(works).map(([work, run]) => [`${name}.${work}`, run]);
}

const { methods } = describeService(OrderService);
const definition = loadForReflection([OrderService])[OrderService.typeName] as ServiceDefinition;
const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = Object.values(
  definition,
).find(({ path }) => path === methods['placeOrder']?.path) as MethodDefinition<object, object>;
const cases = new Map<string, Work>([
  ...casesOf('order', [PlaceOrderRequestSchema, orders], {
    serialize: requestSerialize,
    deserialize: requestDeserialize,
  }),
  ...casesOf('answer', [PlaceOrderResponseSchema, answers], {
    serialize: responseSerialize,
    deserialize: responseDeserialize,
  }),
]);

/** Held for a moment, as a transport would. */
const held: unknown[] = [];

answer({
  names: () => [...cases.keys()],
  /** CPU of this process for a message, in us. */
  cost: ({ name, count }: { name: string; count: number }) => {
    const work = cases.get(name) as Work;
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) held[index & 63] = work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  },
});
