import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ServiceName } from './services.ts';
import { watchSources } from './watch-sources.ts';

let root: string;
let unwatch: () => void;
let next: PromiseWithResolvers<readonly ServiceName[]>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watch-sources-'));
  for (const folder of ['libs/rpc/src', 'services/order/src', 'services/payment/src', 'protos'])
    await mkdir(join(root, folder), { recursive: true });
  next = Promise.withResolvers();
  unwatch = watchSources({ root, onChange: async (services) => next.resolve(services) });
});
afterEach(async () => {
  unwatch();
  await rm(root, { recursive: true });
});

test('a changed source restarts its service, many changes restart once', async () => {
  await writeFile(join(root, 'services/order/src/notes.md'), 'no source');
  for (let at = 0; at < 5; at += 1) await writeFile(join(root, `services/order/src/${at}.ts`), 'source');
  expect(await next.promise).toEqual(['order']);
});

test('a changed library restarts everything', async () => {
  await writeFile(join(root, 'libs/rpc/src/client.ts'), 'source');
  expect(await next.promise).toEqual(['payment', 'order', 'gateway']);
});
