import { isUtf8 } from 'node:buffer';
import { Scope } from './generate.ts';

/** Up to here text is read by code made for its length, above by what Node has built in, which takes some 100 ns for any length. Measured. */
const COMPILED_BYTES = 36;

/** Reads as many bytes of ASCII as it is made for; undefined when there is more than ASCII. */
type AsciiReader = (bytes: Buffer, at: number) => string | undefined;

const asciiReaders: AsciiReader[] = [];

/** One call of String.fromCharCode makes the text at once; text put together from parts would be a tree of them, and slower to use. */
function compileAsciiReader(length: number): AsciiReader {
  const codes = Array.from({ length }, (_, index) => `c${index}`);
  const read = codes.map((code, index) => `${code} = bytes[at + ${index}]`);
  const scope = new Scope();
  return scope.run(
    `return (bytes, at) => {
      const ${['any = 0', ...read].join(', ')};
      return (${['any', ...codes].join(' | ')}) > 0x7f ? undefined : ${scope.nameOf(String.fromCharCode)}(${codes.join(', ')});
    };`,
  );
}

/** The text of UTF-8 bytes; undefined when they are none. */
export function readText(bytes: Buffer, start: number, length: number): string | undefined {
  if (length <= COMPILED_BYTES) {
    const text = (asciiReaders[length] ??= compileAsciiReader(length))(bytes, start);
    if (text !== undefined) return text;
  }
  const end = start + length;
  const text = bytes.toString('utf8', start, end);
  // What is no UTF-8 has become this sign; it can also have been there.
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
}
