import { describe, expect, test } from '@jest/globals';
import { Code, type Interceptor, type RpcError } from '../index.ts';
import type { Rig, RigOptions } from '../testing.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

const KIB = 1_024;
const LIMIT = 256 * KIB;
/** Of whole messages, about what a channel sends in one piece, in two, and in many. */
const SIZES = [0, 3, 100, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 64 * KIB, KIB * KIB, 3 * KIB * KIB + 5];

/** The text that makes a message so long. */
function textOf(bytes: number): string {
  if (bytes === 0) return '';
  const letter = String.fromCharCode(97 + (bytes % 26));
  for (let head = 2; ; head++) {
    const text = letter.repeat(bytes - head);
    if (lengthOf(text) === bytes) return text;
  }
}

/** Of an EchoRequest or EchoResponse with this text: its tag and its length are part of it. */
function lengthOf(text: string): number {
  if (text === '') return 0;
  let head = 2;
  for (let rest = text.length; rest > 0x7f; rest >>>= 7) head += 1;
  return head + text.length;
}

/** Says how long requests are, and answers with as much as it is asked for. */
const measured: RigOptions['handlers'] = {
  echo: ({ text }) => Promise.resolve({ text: `${text.length}` }),
  change: ({ text }) => Promise.resolve({ text: textOf(Number(text)) }),
};

const codeOf = (reply: Promise<unknown>): Promise<unknown> =>
  reply.then(
    () => Code.OK,
    ({ code }: RpcError) => code,
  );

/** The same rig after a call that did not come through is as good as new. */
async function expectWell(rig: Rig): Promise<void> {
  const text = textOf(100 * KIB);
  expect((await rig.client.echo({ text })).text).toBe(`${text.length}`);
  expect((await rig.client.change({ text: `${100 * KIB}` })).text).toBe(text);
}

describe.each(WAYS)('$way', (way) => {
  test.each(SIZES)('a request and a reply of %d bytes arrive, and are counted', async (bytes) => {
    const traffic: { sentBytes: number; receivedBytes: number }[] = [];
    const count: Interceptor = async (call, next) => {
      const reply = await next(call);
      // On a server the reply is written after all interceptors.
      setImmediate(() => traffic.push({ ...call.traffic }));
      return reply;
    };
    await using rig = await createRigFor(way, { server: [count], client: [count] });
    const text = textOf(bytes);
    expect((await rig.client.echo({ text })).text).toBe(text);
    await rig.client.echo({ text });
    expect(traffic.slice(0, 2)).toEqual(
      Array.from({ length: 2 }, () => ({ sentBytes: bytes, receivedBytes: bytes })),
    );
  });

  test('many sizes at once arrive, each as it was', async () => {
    await using rig = await createRigFor(way);
    const texts = [...SIZES, ...SIZES].map((bytes) => textOf(bytes));
    const replies = await Promise.all(texts.map((text) => rig.client.echo({ text })));
    for (const [index, { text }] of replies.entries()) expect(text === texts[index]).toBe(true);
  });

  test('bytes that are no text arrive as they were', async () => {
    await using rig = await createRigFor(way);
    const data = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 31) & 0xff);
    const { sample } = await rig.client.echo({
      sample: { data, children: [{ data }, { data: data.slice(5) }] },
    });
    expect(Buffer.compare(sample?.data ?? Buffer.alloc(0), data)).toBe(0);
    expect(Buffer.compare(sample?.children[1]?.data ?? Buffer.alloc(0), data.slice(5))).toBe(0);
  });

  test.each([
    ['of both sides', { server: LIMIT, client: LIMIT }],
    ['of the server', { server: LIMIT, client: 4 * LIMIT }],
    ['of the client', { server: 4 * LIMIT, client: LIMIT }],
  ])('a message as long as the limit %s arrives, and no longer one', async (_whose, limits) => {
    await using rig = await createRigFor(way, {
      handlers: measured,
      limits: {
        server: { maxMessageBytes: limits.server },
        client: { maxMessageBytes: limits.client },
      },
    });
    const [whole, longer] = [textOf(LIMIT), textOf(LIMIT + 1)];
    expect([lengthOf(whole), lengthOf(longer)]).toEqual([LIMIT, LIMIT + 1]);
    expect((await rig.client.echo({ text: whole })).text).toBe(`${whole.length}`);
    expect(await codeOf(rig.client.echo({ text: longer }))).toBe(Code.RESOURCE_EXHAUSTED);
    await expectWell(rig);
    expect((await rig.client.change({ text: `${LIMIT}` })).text).toBe(whole);
    expect(await codeOf(rig.client.change({ text: `${LIMIT + 1}` }))).toBe(Code.RESOURCE_EXHAUSTED);
    await expectWell(rig);
  });

  test('a request over the own limit never leaves', async () => {
    await using rig = await createRigFor(way, { limits: { client: { maxMessageBytes: LIMIT } } });
    const failure = rig.client.echo({ text: textOf(LIMIT + 1) });
    await expect(failure).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, sent: 'never' });
    const far = rig.client.echo({ text: textOf(50 * LIMIT) });
    await expect(far).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, sent: 'never' });
    expect(await rig.call('unary')).toEqual(['hello']);
  });

  test('a reply over a limit may have had an effect', async () => {
    await using rig = await createRigFor(way, {
      handlers: measured,
      limits: { client: { maxMessageBytes: LIMIT } },
    });
    const failure = rig.client.change({ text: `${LIMIT + 1}` });
    await expect(failure).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, sent: 'maybe' });
  });

  test('more long messages than there is room for at once wait for each other, both ways', async () => {
    await using rig = await createRigFor(way);
    const texts = Array.from({ length: 12 }, (_, index) => `${index}`.padStart(3 * KIB * KIB, 'x'));
    const replies = await Promise.all(texts.map((text) => rig.client.echo({ text })));
    for (const [index, { text }] of replies.entries()) expect(text === texts[index]).toBe(true);
  });
});
