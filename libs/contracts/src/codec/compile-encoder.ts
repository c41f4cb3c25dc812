import { create, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import type { ByteWriter } from './byte-writer.ts';
import { close, open } from './delimited.ts';
import { elementOf, type Element } from './element.ts';
import { caseOf, checkInitializer, checkList } from './encoder-checks.ts';
import { Scope } from './generate.ts';
import { isSetSource } from './is-set.ts';
import { mapKeysOf } from './map-keys.ts';
import { refuse } from './refuse.ts';
import { structOf } from './struct.ts';
import { writeVarint32 } from './varint.ts';
import { tagOf, wireTypeOf } from './wire-type.ts';
import { SCALAR_WRITERS } from './write-scalar.ts';
import { writeUnknown } from './write-unknown.ts';

/** Writes the fields of one type. */
export interface Encoder {
  /**
   * Takes a message or an initializer. Fields come in the order of their numbers, entries of a map in the order of their keys, and what was
   * unknown last: the same message has the same bytes. Throws a TypeError, with a part written, for a value of a wrong type.
   */
  write(message: unknown, to: ByteWriter): void;
}

const encoders = new WeakMap<DescMessage, Encoder>();

/** The encoder of a type, compiled when first asked for, with those of all types in it. */
export function encoderOf(descriptor: DescMessage): Encoder {
  const known = encoders.get(descriptor);
  if (known) return known;
  // Known before it is complete: a type can contain itself.
  const encoder: Encoder = { write: () => undefined };
  encoders.set(descriptor, encoder);
  encoder.write = new EncoderSource(descriptor).compile();
  return encoder;
}

/** Where a value is found, and of which field it is, as source text. */
interface Place {
  readonly value: string;
  readonly field: string;
}

/**
 * Writes the source of one type's encoder, such as
 *
 *     (message, to) => {
 *       if (message?.$typeName !== "shop.type.v1.Money") checkInitializer(message, "shop.type.v1.Money");
 *       { const value = message["currencyCode"];
 *         if (value != null && value !== "") { writeTag(to, 10); writeString(to, value, "shop.type.v1.Money.currency_code"); } }
 *       { const value = message["amountMinor"]; ... }
 *       if (message.$unknown != null) writeUnknown(to, message.$unknown);
 *     }
 */
class EncoderSource {
  readonly #descriptor: DescMessage;
  readonly #scope = new Scope();
  /** Defaults are on the prototype: only what is the message's own is set. */
  readonly #hasDefaults: boolean;

  constructor(descriptor: DescMessage) {
    this.#descriptor = descriptor;
    this.#hasDefaults = Object.getPrototypeOf(create(descriptor)) !== Object.prototype;
  }

  compile(): Encoder['write'] {
    const { typeName, fields, oneofs } = this.#descriptor;
    const type = JSON.stringify(typeName);
    const source = [
      `return (message, to) => {`,
      `if (message?.$typeName !== ${type}) ${this.#use(checkInitializer)}(message, ${type});`,
      ...oneofs.map((_, index) => this.#oneof(index)),
      ...fields.toSorted((a, b) => a.number - b.number).map((field) => this.#field(field)),
      `if (message.$unknown != null) ${this.#use(writeUnknown)}(to, message.$unknown);`,
      `};`,
    ];
    return this.#scope.run(source.join('\n'));
  }

  #use(value: unknown): string {
    return this.#scope.nameOf(value);
  }

  #tag(number: number, wireType: WireType): string {
    return `${this.#use(writeVarint32)}(to, ${tagOf(number, wireType)});`;
  }

  /** `case0` is the name of the field that is set in the first oneof. */
  #oneof(index: number): string {
    const { localName, name, fields } = this.#descriptor.oneofs[index] as DescMessage['oneofs'][number];
    const oneof = JSON.stringify(`${this.#descriptor.typeName}.${name}`);
    const cases = fields.map((field) => `case ${JSON.stringify(field.localName)}:`).join(' ');
    return (
      `const case${index} = ${this.#use(caseOf)}(message[${JSON.stringify(localName)}], ${oneof}); ` +
      `switch (case${index}) { case undefined: ${cases} break; default: ${this.#use(refuse)}(${oneof}, "case of it", case${index}); }`
    );
  }

  #field(field: DescField): string {
    const place = { value: 'value', field: JSON.stringify(`${field.parent.typeName}.${field.name}`) };
    const name = JSON.stringify(field.localName);
    if (field.fieldKind === 'list')
      return `{ const value = message[${name}]; if (value != null) { ${this.#list(field, place)} } }`;
    if (field.fieldKind === 'map')
      return `{ const value = message[${name}]; if (value != null) { ${this.#map(field, place)} } }`;
    const write = this.#element(elementOf(field), field.number, place);
    if (field.oneof) {
      const index = this.#descriptor.oneofs.indexOf(field.oneof);
      const value = `message[${JSON.stringify(field.oneof.localName)}].value`;
      return `if (case${index} === ${name}) { const value = ${value}; ${write} }`;
    }
    const missing =
      field.presence === Presence.LEGACY_REQUIRED
        ? `else ${this.#use(refuse)}(${place.field}, "a value, which is required", undefined);`
        : '';
    return `{ const value = message[${name}]; if (${this.#isSet(field)}) { ${write} } ${missing} }`;
  }

  #isSet(field: DescField): string {
    if (field.presence === Presence.IMPLICIT) return `value != null && ${isSetSource(field)}`;
    if (!this.#hasDefaults) return 'value != null';
    const name = JSON.stringify(field.localName);
    return `value != null && (message.$typeName === undefined || ${this.#use(Object.hasOwn)}(message, ${name}))`;
  }

  #list(field: DescField & { fieldKind: 'list' }, { field: name }: Place): string {
    const check = `${this.#use(checkList)}(value, ${name});`;
    const item = { value: 'value[index]', field: name };
    const loop = (body: string) => `for (let index = 0; index < value.length; index++) { ${body} }`;
    const element = elementOf(field);
    if (element.kind !== 'scalar' || !field.packed)
      return check + loop(this.#element(element, field.number, item));
    const write = this.#scalar(element.scalar, item);
    return `${check} if (value.length > 0) { ${this.#delimited(field.number, loop(write))} }`;
  }

  #map(field: DescField & { fieldKind: 'map' }, { field: name }: Place): string {
    const keys = this.#use(mapKeysOf(field.mapKey));
    const key = this.#element({ kind: 'scalar', scalar: field.mapKey }, 1, { value: 'key', field: name });
    const value = this.#element(elementOf(field), 2, { value: 'value[key]', field: name });
    return `for (const key of ${keys}(value, ${name})) { ${this.#delimited(field.number, key + value)} }`;
  }

  /** One value with the tag before it. */
  #element(element: Element, number: number, place: Place): string {
    if (element.kind === 'scalar')
      return this.#tag(number, wireTypeOf(element.scalar)) + this.#scalar(element.scalar, place);
    const body = this.#message(element, place);
    if (!element.isGroup) return this.#delimited(number, body);
    return this.#tag(number, WireType.StartGroup) + body + this.#tag(number, WireType.EndGroup);
  }

  #message(element: Exclude<Element, { kind: 'scalar' }>, { value, field }: Place): string {
    const { kind, descriptor } = element;
    const encoder = this.#use(encoderOf(descriptor));
    if (kind === 'message') return `${encoder}.write(${value}, to);`;
    if (kind === 'struct') return `${encoder}.write(${this.#use(structOf)}(${value}, ${field}), to);`;
    return `${encoder}.write({ value: ${value} }, to);`;
  }

  #delimited(number: number, body: string): string {
    const tag = this.#tag(number, WireType.LengthDelimited);
    return `{ ${tag} const start = ${this.#use(open)}(to); ${body} ${this.#use(close)}(to, start); }`;
  }

  #scalar(scalar: number, { value, field }: Place): string {
    return `${this.#use(SCALAR_WRITERS[scalar as keyof typeof SCALAR_WRITERS])}(to, ${value}, ${field});`;
  }
}
