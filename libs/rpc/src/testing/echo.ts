import type { EchoService } from '@millrace/contracts/testing';
import type { Call } from '../call.ts';
import type { Handlers } from '../handlers.ts';

/** Waits for the call's end. */
function ended(call: Call): Promise<void> {
  return new Promise((resolve) => void call.onCancel(() => resolve()));
}

/** What the rig's server answers where a test does not say otherwise. */
export const echo: Handlers<typeof EchoService> = {
  echo: ({ text, sample }) => Promise.resolve(sample ? { text, sample } : { text }),
  change: ({ text }) => Promise.resolve({ text }),
  collect: async (requests) => {
    const texts = await Array.fromAsync(requests, ({ text }) => text);
    return { count: texts.length, text: texts.join(' ') };
  },
  expand: async function* ({ text, count }) {
    for (let index = 0; index < count; index++) yield { text, index };
  },
  chat: async function* (requests) {
    for await (const { text } of requests) yield { text };
  },
  watch: async function* (_request, call) {
    yield { tick: 1n };
    await ended(call);
  },
  undeclared: () => Promise.resolve({}),
};
