import { describe, expect, test } from '@jest/globals';
import { formatEvent, openEvents, PREAMBLE } from './server-sent-events.ts';

const options = {
  toEvent: (message: unknown) => ({ id: String(message), data: JSON.stringify({ message }) }),
  toError: (error: unknown) => ({ event: 'error', data: JSON.stringify((error as Error).message) }),
  heartbeatMs: 5,
  openMs: 5,
};

async function* from(...messages: unknown[]): AsyncGenerator<unknown> {
  for (const message of messages) {
    if (message instanceof Error) throw message;
    yield message;
  }
}

describe('event text', () => {
  test('has a line for each field and a blank one after', () => {
    expect(formatEvent({ id: '7', event: 'error', data: '{}' })).toBe('id: 7\nevent: error\ndata: {}\n\n');
    expect(formatEvent({ data: '{}' })).toBe('data: {}\n\n');
  });

  test.each(['1\ndata: forged', '1\rdata: forged', '1\0'])('an id cannot forge another field: %j', (id) => {
    expect(formatEvent({ id, data: '{}' })).toBe('data: {}\n\n');
  });
});

describe('an opened stream', () => {
  test('tells every message and ends', async () => {
    const text = await Array.fromAsync(await openEvents(from(1, 2), options));
    expect(text).toEqual([PREAMBLE, 'id: 1\ndata: {"message":1}\n\n', 'id: 2\ndata: {"message":2}\n\n']);
  });

  test('is not opened when it fails before the first message', async () => {
    await expect(openEvents(from(new Error('no')), options)).rejects.toThrow('no');
  });

  test('ends with the error when it fails later', async () => {
    const text = await Array.fromAsync(await openEvents(from(1, new Error('no')), options));
    expect(text.at(-1)).toBe('event: error\ndata: "no"\n\n');
  });

  test('asks for no message before its reader wants one', async () => {
    let asked = 0;
    async function* counting() {
      while (true) yield ++asked;
    }
    const reader = (await openEvents(counting(), options))[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) await reader.next();
    expect(asked).toBe(2);
    await reader.return?.();
  });

  test('opens without a message when there is none for a while, and says that it is there', async () => {
    const message = Promise.withResolvers<number>();
    async function* late() {
      yield await message.promise;
    }
    const reader = (await openEvents(late(), options))[Symbol.asyncIterator]();
    await reader.next();
    expect((await reader.next()).value).toBe(': still here\n\n');
    message.resolve(1);
    expect((await reader.next()).value).toContain('id: 1');
    expect((await reader.next()).done).toBe(true);
  });

  test('lets its source go when the reader leaves', async () => {
    let left = false;
    async function* source() {
      try {
        while (true) yield 1;
      } finally {
        left = true;
      }
    }
    for await (const text of await openEvents(source(), options)) if (text !== PREAMBLE) break;
    expect(left).toBe(true);
  });
});
