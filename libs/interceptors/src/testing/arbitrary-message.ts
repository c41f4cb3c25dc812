import { create, type DescField, type DescMessage, type DescOneof, type Message } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { SCALARS } from './arbitrary-scalar.ts';

/** The local names of the fields and oneofs of a message that break a rule. */
export type Faults = (schema: DescMessage, message: Message) => ReadonlySet<string>;

type Values = fc.Arbitrary<unknown>;

/** How deep messages are inside messages. */
const DEPTH = 3;

const TIME = fc.record({
  seconds: fc.bigInt({ min: 0n, max: 6n }),
  nanos: fc.constantFrom(0, 499, 500, 501),
});
const SPECIAL: Readonly<Record<string, Values>> = {
  'google.protobuf.Struct': fc.constantFrom({}, { a: 1, b: ['c'] }),
  'google.protobuf.Timestamp': TIME,
  'google.protobuf.Duration': TIME,
};

/** Messages with any content: right, wrong and at the edge. Most fields are right, or hardly a message would be. */
export class ArbitraryMessages {
  readonly #faults: Faults;
  /** By type and member, values that are right. */
  readonly #right = new Map<DescMessage, Map<string, unknown[]>>();

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  of(schema: DescMessage, depth = DEPTH): fc.Arbitrary<Message> {
    if (depth === 0) return fc.constant(undefined).map(() => create(schema));
    const right = this.#rightOf(schema, depth);
    return this.#messages(schema, (member) => {
      const known = right.get(member.localName) ?? [];
      const any = this.#member(member, depth);
      if (known.length === 0) return any;
      return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: any });
    });
  }

  #messages(schema: DescMessage, values: (member: DescField | DescOneof) => Values): fc.Arbitrary<Message> {
    const members = schema.members.map((member) => [member.localName, values(member)]);
    const inits = fc.record(Object.fromEntries(members) as Record<string, Values>);
    return inits.map((init) => create(schema, init as Record<string, unknown>));
  }

  #rightOf(schema: DescMessage, depth: number): Map<string, unknown[]> {
    const known = this.#right.get(schema);
    if (known) return known;
    const right = new Map(schema.members.map(({ localName }) => [localName, [] as unknown[]]));
    this.#right.set(schema, right);
    const any = this.#messages(schema, (member) => this.#member(member, depth));
    for (const message of fc.sample(any, { numRuns: 1_500, seed: 1 })) {
      const wrong = this.#faults(schema, message);
      for (const [name, values] of right) if (!wrong.has(name)) values.push(Reflect.get(message, name));
    }
    return right;
  }

  #member(member: DescField | DescOneof, depth: number): Values {
    const choice = (field: DescField) =>
      this.#content(field, depth).map((value) => ({ case: field.localName, value }));
    const content =
      member.kind === 'oneof' ? fc.oneof(...member.fields.map(choice)) : this.#content(member, depth);
    return fc.option(content, { nil: undefined, freq: 4 });
  }

  #content(field: DescField, depth: number): Values {
    const value = this.#value(field, depth);
    if (field.fieldKind === 'list') {
      const [few, many] = [{ maxLength: 4 }, { minLength: 17, maxLength: 20 }];
      return fc.oneof(
        { weight: 9, arbitrary: fc.array(value, few) },
        { weight: 1, arbitrary: fc.array(value, many) },
      );
    }
    if (field.fieldKind !== 'map') return value;
    const entry = fc.tuple(SCALARS[field.mapKey].map(String), value);
    return fc.array(entry, { maxLength: 3 }).map((entries) => Object.fromEntries(entries) as unknown);
  }

  #value(field: DescField, depth: number): Values {
    const { scalar, message } = field;
    if (scalar)
      return 'longAsString' in field && field.longAsString ? SCALARS[scalar].map(String) : SCALARS[scalar];
    if (!message) return fc.constantFrom(-1, 0, 0, 1, 1, 2, 3, 5, 99);
    const isBare = field.fieldKind === 'message' && !field.oneof;
    if (isBare && isWrapperDesc(message)) return SCALARS[message.fields[0].scalar];
    return (isBare && SPECIAL[message.typeName]) || this.of(message, depth - 1);
  }
}
