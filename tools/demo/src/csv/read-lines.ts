import { createReadStream } from 'node:fs';
import { OrderFileError } from './order-file-error.ts';

/** A line of text and its number in the file, from 1. */
export interface Line {
  readonly line: number;
  readonly text: string;
}

/** Far above any order line, far below what would hurt: a file without line breaks is not read into memory. */
const MAX_LINE_CHARACTERS = 64 * 1024;

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be read by this user',
};

async function* readText(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let offset = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      yield decoder.decode(chunk as Buffer, { stream: true });
      offset += (chunk as Buffer).length;
    }
    yield decoder.decode();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new OrderFileError(file, `is not UTF-8 text (after byte ${offset})`, error);
    throw new OrderFileError(file, PROBLEMS[code ?? ''] ?? (error as Error).message, error);
  }
}

/** The lines of a UTF-8 file, read as they are asked for. A byte order mark is left out. Throws OrderFileError. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let line = 0;
  let rest = '';
  for await (const text of readText(file)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const one of lines) yield { line: (line += 1), text: one.replace(/\r$/, '') };
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new OrderFileError(file, `line ${line + 1} is longer than ${MAX_LINE_CHARACTERS} characters`);
  }
  if (rest !== '') yield { line: line + 1, text: rest.replace(/\r$/, '') };
}
