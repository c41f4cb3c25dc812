/** The file as a whole cannot be read as order lines; the message names the file and what is wrong. */
export class OrderFileError extends Error {
  override readonly name = 'OrderFileError';
  readonly reason = 'ORDER_FILE_UNREADABLE';

  constructor(file: string, problem: string, cause?: unknown) {
    super(`FILE=${file}: ${problem}`, cause === undefined ? undefined : { cause });
  }
}
