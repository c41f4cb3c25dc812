/** What Node's Buffer has for one encoding each, which `toString` and `write` choose from at every call; Node's types leave it out. */
export interface NativeBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  latin1Write(text: string, at: number, length: number): number;
}
