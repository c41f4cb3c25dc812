import { expect, test } from '@jest/globals';
import { createRig } from './testing.ts';

test.each([
  ['unary', ['hello']],
  ['clientStream', ['a b']],
  ['serverStream', ['a', 'a']],
  ['bidi', ['a', 'b']],
] as const)('a %s call goes through', async (kind, expected) => {
  await using rig = await createRig();
  const texts = kind === 'unary' ? ['hello'] : ['a', 'b'];
  expect(await rig.call(kind, texts)).toEqual(expected);
});
