import { create, type DescMessage } from '@bufbuild/protobuf';
import type { Scope } from './generate.ts';

/**
 * Source text of a constructor of empty messages, with the properties and the prototype that protobuf-es gives them. A constructor, because V8 then
 * leaves room in the object for the properties that come later.
 */
export function emptyMessageSource(descriptor: DescMessage, scope: Scope): string {
  const empty = create(descriptor);
  const lines = Object.entries(empty).map(([name, value]) => {
    // Without a byte it cannot change: all can have the same one.
    const source = value instanceof Uint8Array ? scope.nameOf(value) : literal(value);
    return `this[${JSON.stringify(name)}] = ${source};`;
  });
  const prototype = scope.nameOf(Object.getPrototypeOf(empty));
  return `function Empty() { ${lines.join(' ')} }\nEmpty.prototype = ${prototype};`;
}

/** Source text of a zero value: of a scalar, or of the arrays and objects that each message needs for itself. */
export function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return '[]';
  return 'case' in value ? '{ case: undefined }' : '{}';
}
