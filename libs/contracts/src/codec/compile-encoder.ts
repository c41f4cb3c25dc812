import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  type ScalarType,
} from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { begin, type WireField } from './begin.ts';
import type { ByteWriter } from './byte-writer.ts';
import { close, open } from './delimited.ts';
import { elementOf, type Element } from './element.ts';
import { caseOf, checkInitializer, checkList } from './encoder-checks.ts';
import { Scope } from './generate.ts';
import { isSetSource } from './is-set.ts';
import { mapKeysOf } from './map-keys.ts';
import { refuse } from './refuse.ts';
import { structOf } from './struct.ts';
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
  const encoder = {} as Encoder;
  encoders.set(descriptor, encoder);
  encoder.write = new EncoderSource(descriptor).compile();
  return encoder;
}

/**
 * Writes the source of one type's encoder, such as
 *
 *     (message, to) => {
 *       if (message?.$typeName !== "shop.type.v1.Money") checkInitializer(message, "shop.type.v1.Money");
 *       { const value = message["currencyCode"];
 *         if (value != null && value !== "") { writeText(to, value, currencyCode); } }
 *       { const value = message["amountMinor"]; ... }
 *       if (message.$unknown != null) writeUnknown(to, message.$unknown);
 *     }
 *
 * In the sources of its parts `value` is the value of the field.
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
    // The function has a name, for profiles.
    const name = JSON.stringify(`encode ${typeName}`);
    const source = [
      `return { ${name}(message, to) {`,
      `if (message?.$typeName !== ${type}) ${this.#use(checkInitializer)}(message, ${type});`,
      ...oneofs.map((oneof, index) => this.#oneof(oneof, index)),
      ...fields.toSorted((a, b) => a.number - b.number).map((field) => this.#field(field)),
      `if (message.$unknown != null) ${this.#use(writeUnknown)}(to, message.$unknown);`,
      `} }[${name}];`,
    ];
    return this.#scope.run(source.join('\n'));
  }

  #use(value: unknown): string {
    return this.#scope.nameOf(value);
  }

  /** `case0` is the name of the field that is set in the first oneof. */
  #oneof({ localName, name, fields }: DescOneof, index: number): string {
    const oneof = JSON.stringify(`${this.#descriptor.typeName}.${name}`);
    const cases = fields.map((field) => `case ${JSON.stringify(field.localName)}:`).join(' ');
    return (
      `const case${index} = ${this.#use(caseOf)}(message[${JSON.stringify(localName)}], ${oneof}); ` +
      `switch (case${index}) { case undefined: ${cases} break; default: ${this.#use(refuse)}(${oneof}, "case of it", case${index}); }`
    );
  }

  #field(field: DescField): string {
    const name = JSON.stringify(field.localName);
    if (field.fieldKind !== 'list' && field.fieldKind !== 'map' && field.oneof) {
      const index = this.#descriptor.oneofs.indexOf(field.oneof);
      const value = `message[${JSON.stringify(field.oneof.localName)}].value`;
      return `if (case${index} === ${name}) { const value = ${value}; ${this.#element(field, 'value')} }`;
    }
    const missing =
      field.presence === Presence.LEGACY_REQUIRED
        ? `else ${this.#use(refuse)}(${JSON.stringify(nameOf(field))}, "a value, which is required", undefined);`
        : '';
    return `{ const value = message[${name}]; if (${this.#isSet(field)}) { ${this.#content(field)} } ${missing} }`;
  }

  #isSet(field: DescField): string {
    if (field.fieldKind === 'list' || field.fieldKind === 'map') return 'value != null';
    if (field.presence === Presence.IMPLICIT) return `value != null && ${isSetSource(field)}`;
    if (!this.#hasDefaults) return 'value != null';
    const name = JSON.stringify(field.localName);
    return `value != null && ${this.#use(Object.hasOwn)}(message, ${name})`;
  }

  #content(field: DescField): string {
    if (field.fieldKind === 'list') return this.#list(field);
    return field.fieldKind === 'map' ? this.#map(field) : this.#element(field, 'value');
  }

  #list(field: DescField & { fieldKind: 'list' }): string {
    const check = `${this.#use(checkList)}(value, ${JSON.stringify(nameOf(field))});`;
    const each = (body: string) => `for (let index = 0; index < value.length; index++) { ${body} }`;
    const element = elementOf(field);
    if (element.kind !== 'scalar' || !field.packed) return check + each(this.#element(field, 'value[index]'));
    const write = this.#scalar(element.scalar, 'value[index]', { tag: 0, name: nameOf(field) });
    return `${check} if (value.length > 0) { ${this.#delimited(field.number, each(write))} }`;
  }

  #map(field: DescField & { fieldKind: 'map' }): string {
    const name = nameOf(field);
    const keys = `${this.#use(mapKeysOf(field.mapKey))}(value, ${JSON.stringify(name)})`;
    const key = this.#scalar(field.mapKey, 'key', { tag: tagOf(1, wireTypeOf(field.mapKey)), name });
    const entry = key + this.#element(field, 'value[key]', 2);
    return `for (const key of ${keys}) { ${this.#delimited(field.number, entry)} }`;
  }

  /** One value with the tag before it. */
  #element(field: DescField, value: string, number = field.number): string {
    const element = elementOf(field);
    if (element.kind === 'scalar')
      return this.#scalar(element.scalar, value, {
        tag: tagOf(number, wireTypeOf(element.scalar)),
        name: nameOf(field),
      });
    const encoder = this.#use(encoderOf(element.descriptor));
    const body = `${encoder}.write(${this.#messageOf(field, element, value)}, to);`;
    if (!element.isGroup) return this.#delimited(number, body);
    return this.#tag(number, WireType.StartGroup) + body + this.#tag(number, WireType.EndGroup);
  }

  #messageOf(field: DescField, { kind }: Element, value: string): string {
    if (kind === 'wrapper') return `{ value: ${value} }`;
    return kind === 'struct' ? `${this.#use(structOf)}(${value}, ${JSON.stringify(nameOf(field))})` : value;
  }

  #scalar(scalar: ScalarType, value: string, field: WireField): string {
    return `${this.#use(SCALAR_WRITERS[scalar])}(to, ${value}, ${this.#use(field)});`;
  }

  #delimited(number: number, body: string): string {
    const tag = tagOf(number, WireType.LengthDelimited);
    return `{ const start = ${this.#use(open)}(to, ${tag}); ${body} ${this.#use(close)}(to, start); }`;
  }

  #tag(number: number, wireType: WireType): string {
    return `to.length = ${this.#use(begin)}(to, ${tagOf(number, wireType)}, 0);`;
  }
}

function nameOf(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}
