import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageStream } from './message-stream.ts';

function inboxOf(): { inbox: MessageStream; pulls: () => number; left: () => number } {
  let pulls = 0;
  let left = 0;
  const inbox = new MessageStream({ pull: () => (pulls += 1), leave: () => (left += 1) });
  return { inbox, pulls: () => pulls, left: () => left };
}

const value = (message: unknown) => ({ done: false, value: message });
const END = { done: true, value: undefined };

test('nothing is asked for before somebody reads', async () => {
  const { inbox, pulls } = inboxOf();
  expect(pulls()).toBe(0);
  const next = inbox.next();
  expect(pulls()).toBe(1);
  inbox.push('a');
  expect(await next).toEqual(value('a'));
  expect(pulls()).toBe(1);
});

test('several reads at once get their messages in order, one pull each', async () => {
  const { inbox, pulls } = inboxOf();
  const reads = [inbox.next(), inbox.next(), inbox.next()];
  inbox.push('a');
  inbox.push('b');
  inbox.end();
  expect(await Promise.all(reads)).toEqual([value('a'), value('b'), END]);
  expect(pulls()).toBe(3);
});

test('it takes in so much ahead of its reader and no more', async () => {
  let pulls = 0;
  const inbox = new MessageStream({ pull: () => (pulls += 1), leave: () => undefined }, 100);
  inbox.open();
  for (let size = 0; pulls > 0 && size < 10; size++) {
    pulls = 0;
    inbox.push(size, 30);
  }
  expect(await Promise.all([inbox.next(), inbox.next()])).toEqual([value(0), value(1)]);
  expect(pulls).toBe(1);
  inbox.end(new Error('torn'));
  expect([await inbox.next(), await inbox.next()]).toEqual([value(2), value(3)]);
  await expect(inbox.next()).rejects.toThrow('torn');
});

test('an end comes after the messages, a failure before them', async () => {
  const ended = inboxOf().inbox;
  ended.push('a');
  ended.end();
  expect([await ended.next(), await ended.next(), await ended.next()]).toEqual([value('a'), END, END]);
  const failed = inboxOf().inbox;
  failed.push('a');
  failed.fail(new Error('torn'));
  await expect(failed.next()).rejects.toThrow('torn');
  expect(await failed.next()).toEqual(END);
});

test('a failure reaches who waits, once', async () => {
  const { inbox } = inboxOf();
  const reads = [inbox.next(), inbox.next()] as const;
  inbox.fail(new Error('torn'));
  inbox.fail(new Error('again'));
  await expect(reads[0]).rejects.toThrow('torn');
  expect([await reads[1], await inbox.next()]).toEqual([END, END]);
});

test('leaving frees who waits and tells the source, unless all was over', async () => {
  const { inbox, left } = inboxOf();
  const waiting = inbox.next();
  await inbox.return();
  await inbox.return();
  expect([await waiting, left()]).toEqual([END, 1]);
  const over = inboxOf();
  over.inbox.end();
  await over.inbox.return();
  expect(over.left()).toBe(0);
});

test('whatever happens in whatever order, a read is answered and nothing is pulled after the end', async () => {
  const steps = fc.array(fc.constantFrom('push', 'end', 'fail', 'next', 'return'), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { inbox, pulls } = inboxOf();
      const reads: Promise<unknown>[] = [];
      for (const step of all) {
        if (step === 'push') inbox.push(0);
        else if (step === 'end') inbox.end();
        else if (step === 'fail') inbox.fail(new Error('torn'));
        else if (step === 'next') reads.push(inbox.next().catch(() => 'torn'));
        else reads.push(inbox.return());
      }
      inbox.end();
      const before = pulls();
      reads.push(inbox.next().catch(() => 'torn'));
      await Promise.all(reads);
      expect(pulls()).toBe(before);
    }),
  );
});
