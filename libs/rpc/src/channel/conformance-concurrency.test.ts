import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Code, Context, currentContext, runInContext, type Interceptor, type Principal } from '../index.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

/** Who calls, from metadata: what a verified token would say. */
const identify: Interceptor = (call, next) => {
  const subject = call.metadata.get('x-subject') ?? 'nobody';
  const principal: Principal = { subject, tenant: `tenant of ${subject}`, roles: [] };
  const trace = { traceId: subject.padStart(32, '0'), spanId: '1'.padStart(16, '0'), traceFlags: 1 };
  return next(call.with({ context: call.context.with({ principal, trace }) }));
};

describe.each(WAYS)('$way', (way) => {
  test('a thousand calls at once are each answered with their own reply', async () => {
    await using rig = await createRigFor(way);
    const texts = Array.from({ length: 1_000 }, (_, index) => `${index} ${randomBytes(20).toString('hex')}`);
    const replies = await Promise.all(texts.map((text) => rig.client.echo({ text })));
    expect(replies.map(({ text }) => text)).toEqual(texts);
  });

  test('replies in any order find their calls, failures too', async () => {
    const handlers = {
      echo: async ({ text }: { text: string }) => {
        await delay(Math.random() * 20);
        if (Number(text) % 5 === 0) throw new Error('by accident');
        return { text };
      },
    };
    await using rig = await createRigFor(way, { handlers });
    const order: string[] = [];
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`);
    const outcomes = texts.map(async (text) => {
      const reply = await rig.client.echo({ text }).catch(({ code }: { code: Code }) => ({ text: code }));
      order.push(text);
      return reply.text;
    });
    expect(await Promise.all(outcomes)).toEqual(
      texts.map((text) => (Number(text) % 5 === 0 ? Code.INTERNAL : text)),
    );
    expect(order).not.toEqual(texts);
  });

  test('calls that are made in one turn begin in the order in which they were made', async () => {
    const begun: string[] = [];
    const handlers = {
      echo: ({ text }: { text: string }) => (begun.push(text), Promise.resolve({ text })),
      change: ({ text }: { text: string }) => (begun.push(text), Promise.resolve({ text })),
    };
    await using rig = await createRigFor(way, { handlers });
    const texts = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat((index % 3) * 500)}`);
    await Promise.all(
      texts.map((text, index) => (index % 2 ? rig.client.echo({ text }) : rig.client.change({ text }))),
    );
    expect(begun).toEqual(texts);
  });

  test('a call that is made after a reply begins after it', async () => {
    const begun: string[] = [];
    const handlers = { echo: ({ text }: { text: string }) => (begun.push(text), Promise.resolve({ text })) };
    await using rig = await createRigFor(way, { handlers });
    const chain = async (name: string): Promise<void> => {
      for (let index = 0; index < 20; index++) await rig.client.echo({ text: `${name} ${index}` });
    };
    await Promise.all(['a', 'b', 'c'].map(chain));
    for (const name of ['a', 'b', 'c']) {
      const own = begun.filter((text) => text.startsWith(name));
      expect(own).toEqual(Array.from({ length: 20 }, (_, index) => `${name} ${index}`));
    }
  });

  test('each call runs in a context of its own, and its calls in that', async () => {
    const seen: [string, string | undefined, string | undefined][] = [];
    const look: Interceptor = (call, next) => {
      const { principal, trace } = call.context;
      expect(currentContext().principal?.subject).toBe(principal?.subject);
      seen.push([(call.request as { text: string }).text, principal?.subject, trace?.traceId]);
      return next(call);
    };
    await using backend = await createRigFor(way, { client: [look] });
    await using rig = await createRigFor(way, {
      server: [identify],
      handlers: {
        echo: async ({ text }) => {
          await delay(Math.random() * 5);
          const { subject } = currentContext().principal ?? { subject: 'nobody' };
          await backend.client.echo({ text });
          expect(currentContext().principal?.subject).toBe(subject);
          return { text: subject };
        },
      },
    });
    const subjects = Array.from({ length: 100 }, (_, index) => `${index}`);
    const replies = await Promise.all(
      subjects.map((subject) => rig.client.echo({ text: subject }, { metadata: { 'x-subject': subject } })),
    );
    expect(replies.map(({ text }) => text)).toEqual(subjects);
    expect(seen).toHaveLength(100);
    for (const [text, subject, traceId] of seen) {
      expect(subject).toBe(text);
      expect(traceId).toBe(text.padStart(32, '0'));
    }
    expect(currentContext().principal).toBeUndefined();
  });

  test('a reply is read in the context of its caller', async () => {
    await using rig = await createRigFor(way);
    const subjects = Array.from({ length: 50 }, (_, index) => `${index}`);
    const own = await Promise.all(
      subjects.map((subject) =>
        runInContext(new Context({ principal: { subject, tenant: '', roles: [] } }), async () => {
          await rig.client.echo({ text: subject });
          return currentContext().principal?.subject;
        }),
      ),
    );
    expect(own).toEqual(subjects);
  });
});
