import { createRandom } from './random.ts';

/** Bytes that mean something somewhere: ends of numbers, tags, lengths. */
const TELLING = [0, 1, 2, 8, 10, 11, 12, 18, 0x7f, 0x80, 0xc0, 0xff];

/** The bytes with one to four things done to them that good bytes do not have: changed, left out, put in, doubled, cut off. */
export function damage(bytes: Uint8Array, seed: number): Uint8Array {
  const random = createRandom(seed);
  const result = [...bytes];
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(result.length + 1);
    const byte = random(2) === 0 ? random(256) : (TELLING[random(TELLING.length)] as number);
    switch (random(5)) {
      case 0:
        result[at] = byte;
        break;
      case 1:
        result.splice(at, 1 + random(4));
        break;
      case 2:
        result.splice(at, 0, byte);
        break;
      case 3:
        result.splice(at, 0, ...result.slice(at, at + random(20)));
        break;
      default:
        if (random(4) === 0) result.length = at;
    }
  }
  return Uint8Array.from(result);
}
