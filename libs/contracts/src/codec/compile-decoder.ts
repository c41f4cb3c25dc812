import {
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
} from '@bufbuild/protobuf';
import { scalarZeroValue } from '@bufbuild/protobuf/reflect';
import { WireType } from '@bufbuild/protobuf/wire';
import { malformed, type ByteReader } from './byte-reader.ts';
import { elementOf, type Element } from './element.ts';
import { emptyMessageSource, literal } from './empty-message.ts';
import { Scope } from './generate.ts';
import { keepUnknown, keepUnknownNumber } from './keep-unknown.ts';
import { scalarReader } from './read-scalar.ts';
import { setOwn } from './record.ts';
import { mergeInto } from './struct.ts';
import { tagOf, wireTypeOf } from './wire-type.ts';

/** Reads messages of one type. */
export interface Decoder {
  create(): Message;
  /**
   * Reads into the message all fields up to the reader's end, or up to the tag that ends a group (-1: none does). What is there is merged as
   * protobuf says: lists grow, messages are merged, the last of other values counts. Throws when the bytes are no message.
   */
  read(from: ByteReader, message: Message, endTag: number): Message;
}

const decoders = new WeakMap<DescMessage, Decoder>();

/** The decoder of a type, compiled when first asked for, with those of all types in it. */
export function decoderOf(descriptor: DescMessage): Decoder {
  const known = decoders.get(descriptor);
  if (known) return known;
  // Known before it is complete: a type can contain itself.
  const decoder = {} as Decoder;
  decoders.set(descriptor, decoder);
  return Object.assign(decoder, new DecoderSource(descriptor).compile());
}

/**
 * Writes the source of one type's decoder, such as
 *
 *     function Empty() { this["$typeName"] = "shop.type.v1.Money"; this["currencyCode"] = ""; this["amountMinor"] = 0n; }
 *     return {
 *       create: () => new Empty(),
 *       read: (from, message, endTag) => {
 *         while (from.position < from.end) {
 *           const tag = from.uint32();
 *           switch (tag) {
 *             case 10: message["currencyCode"] = readString(from); break;
 *             case 16: message["amountMinor"] = readInt64(from); break;
 *             default: if (tag === endTag) return message; keepUnknown(from, message, tag);
 *           }
 *         }
 *         ...
 */
class DecoderSource {
  readonly #descriptor: DescMessage;
  readonly #scope = new Scope();

  constructor(descriptor: DescMessage) {
    this.#descriptor = descriptor;
  }

  compile(): Decoder {
    const fields = this.#descriptor.fields.map((field) => this.#field(field));
    // The function has a name, for profiles.
    const name = JSON.stringify(`decode ${this.#descriptor.typeName}`);
    return this.#scope.run(`
      ${emptyMessageSource(this.#descriptor, this.#scope)}
      const { ${name}: read } = {
        ${name}(from, message, endTag) {
          while (from.position < from.end) {
            const tag = from.uint32();
            switch (tag) {
              ${fields.join('\n')}
              default:
                if (tag === endTag) return message;
                ${this.#use(keepUnknown)}(from, message, tag);
            }
          }
          if (endTag !== -1) ${this.#use(malformed)}("a group without an end");
          return message;
        },
      };
      return { create: () => new Empty(), read };`);
  }

  #use(value: unknown): string {
    return this.#scope.nameOf(value);
  }

  #case(number: number, wireType: WireType, body: string): string {
    return `case ${tagOf(number, wireType)}: { ${body} break; }`;
  }

  #field(field: DescField): string {
    switch (field.fieldKind) {
      case 'list':
        return this.#list(field);
      case 'map':
        return this.#map(field);
      default:
        return this.#singular(field);
    }
  }

  #singular(field: DescField & { fieldKind: 'scalar' | 'enum' | 'message' }): string {
    const name = JSON.stringify(field.localName);
    const oneof = field.oneof && `message[${JSON.stringify(field.oneof.localName)}]`;
    const set = oneof ? `${oneof} = { case: ${name}, value };` : `message[${name}] = value;`;
    const was = oneof ? `(${oneof}.case === ${name} ? ${oneof}.value : undefined)` : `message[${name}]`;
    const element = elementOf(field);
    const keep = field.enum && !field.enum.open ? this.#keepUnlessKnown(field.enum) : '';
    const read = `let value; ${this.#read(field, element, was)} ${keep} ${set}`;
    return this.#case(field.number, framingOf(element), read);
  }

  #keepUnlessKnown({ values }: DescEnum): string {
    const known = new Set(values.map(({ number }) => number));
    return `if (!${this.#use(known)}.has(value)) { ${this.#use(keepUnknownNumber)}(message, tag, value); break; }`;
  }

  /** Numbers are read one by one and packed, whatever the proto says. */
  #list(field: DescField & { fieldKind: 'list' }): string {
    const element = elementOf(field);
    const list = `const list = message[${JSON.stringify(field.localName)}];`;
    const item = `let value; ${this.#read(field, element, 'undefined')} list.push(value);`;
    const framing = framingOf(element);
    const single = this.#case(field.number, framing, list + item);
    if (element.kind !== 'scalar' || framing === WireType.LengthDelimited) return single;
    const packed = `${list} const outer = from.bound(); while (from.position < from.end) { ${item} } from.end = outer;`;
    return single + this.#case(field.number, WireType.LengthDelimited, packed);
  }

  /** An entry is a message of two fields; what else is in it is dropped. */
  #map(field: DescField & { fieldKind: 'map' }): string {
    const element = elementOf(field);
    const key = `key = ${this.#use(scalarReader(field.mapKey, { isChecked: field.utf8Validation }))}(from);`;
    const value = this.#read(field, element, 'value');
    const entry = `
      const outer = from.bound();
      let key = ${literal(scalarZeroValue(field.mapKey, false))}, value;
      while (from.position < from.end) {
        const tag = from.uint32();
        switch (tag) {
          ${this.#case(1, wireTypeOf(field.mapKey), key)}
          ${this.#case(2, framingOf(element), value)}
          default: from.skip(tag);
        }
      }
      from.end = outer;
      if (value === undefined) value = ${this.#emptyValue(field, element)};
      ${this.#use(setOwn)}(message[${JSON.stringify(field.localName)}], key, value);`;
    return this.#case(field.number, WireType.LengthDelimited, entry);
  }

  #emptyValue(field: DescField & { fieldKind: 'map' }, element: Element): string {
    if (element.kind === 'message') return `${this.#use(decoderOf(element.descriptor))}.create()`;
    if (element.kind !== 'scalar') return '{}';
    if (element.scalar === ScalarType.BYTES) return 'new Uint8Array(0)';
    return literal(field.enum?.values[0]?.number ?? scalarZeroValue(element.scalar, false));
  }

  /** Statements that read one value into the variable `value`. What was there, if anything was, is what a message is merged into. */
  #read(field: DescField, element: Element, was: string): string {
    if (element.kind === 'scalar') {
      const isLong = field.fieldKind !== 'map' && field.scalar !== undefined && field.longAsString;
      const read = scalarReader(element.scalar, { isChecked: field.utf8Validation, asText: isLong });
      return `value = ${this.#use(read)}(from);`;
    }
    const decoder = this.#use(decoderOf(element.descriptor));
    const endTag = element.isGroup ? tagOf(field.number, WireType.EndGroup) : -1;
    const read = `from.descend(); ${decoder}.read(from, value, ${endTag}); from.ascend();`;
    const framed = element.isGroup ? read : `const outer = from.bound(); ${read} from.end = outer;`;
    switch (element.kind) {
      case 'message':
        return `value = ${was} ?? ${decoder}.create(); ${framed}`;
      case 'wrapper':
        return `const was = ${was}; value = ${decoder}.create(); if (was !== undefined) value.value = was; ${framed} value = value.value;`;
      case 'struct':
        return `const was = ${was}; value = ${decoder}.create(); ${framed} value = ${this.#use(mergeInto)}(was ?? {}, value);`;
    }
  }
}

function framingOf(element: Element): WireType {
  if (element.kind === 'scalar') return wireTypeOf(element.scalar);
  return element.isGroup ? WireType.StartGroup : WireType.LengthDelimited;
}
