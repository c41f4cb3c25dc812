import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startRig, type Rig } from './support/rig.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Runs the real process until it ends by itself or is ready, and says what it printed. */
async function run(change: Record<string, string>) {
  const env = { ...process.env, ...rig.environment, ...change };
  const child = fork(MAIN, { env, execArgv: ['--conditions=source'], silent: true });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  const ended = once(child, 'close');
  const ready = once(child, 'message') as Promise<[{ addresses: Record<string, string> }]>;
  const first = await Promise.race([ended.then(() => undefined), ready.then(([message]) => message)]);
  const stop = async () => {
    child.kill('SIGTERM');
    const [code] = (await ended) as [number];
    return code;
  };
  return { addresses: first?.addresses, code: child.exitCode, text: () => text, stop };
}

test('a process starts, is ready, shows its metrics and stops when asked', async () => {
  const { addresses, stop } = await run({});
  expect(addresses?.['grpc']).toMatch(/^127\.0\.0\.1:\d+$/);
  const ready = await fetch(`${addresses?.['ops']}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ checks: [{ name: 'accepting' }] });
  expect(await (await fetch(`${addresses?.['ops']}/metrics`)).text()).toContain('# ');
  expect(await stop()).toBe(0);
});

test('a process shows the policies that hold in it, those said by setting included', async () => {
  const { addresses, stop } = await run({
    POLICIES: '{"shop.order.v1.OrderService/GetOrder": {"deadline_ms": 321}}',
  });
  const policies = (await (await fetch(`${addresses?.['ops']}/policies`)).json()) as object;
  expect(policies).toMatchObject({
    'shop.order.v1.OrderService/GetOrder': { deadlineMs: 321, criticality: 'default' },
    'shop.payment.v1.PaymentService/Refund': { criticality: 'essential', roles: ['service:order'] },
  });
  expect(await stop()).toBe(0);
});

test('a policy for a method that does not exist is refused at start', async () => {
  const { code, text } = await run({ POLICIES: '{"shop.order.v1.OrderService/GetOrders": {}}' });
  expect(code).toBe(78);
  expect(text()).toContain('there is no method or service shop.order.v1.OrderService/GetOrders');
});

test('a port that is taken is named with its setting', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  for (const setting of ['GRPC_PORT', 'OPS_PORT']) {
    const { code, text } = await run({ [setting]: String(port) });
    expect(code).toBe(1);
    expect(text()).toContain(`port ${port} (${setting}) is already in use`);
  }
  other.close();
});

test('a database that cannot be reached is one clear line', async () => {
  const { code, text } = await run({ DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/orders' });
  expect(code).toBe(1);
  expect(text()).toContain('DATABASE_UNAVAILABLE');
  expect(text()).not.toContain('hunter2');
});

test('settings that cannot be used are all named', async () => {
  const wrong = { GRPC_PORT: '70000', DATABASE_URL: 'mysql://x', PAYMENT_ADDRESS: 'nowhere', KEYS_DIR: '' };
  const { code, text } = await run(wrong);
  expect(code).toBe(78);
  for (const setting of Object.keys(wrong)) expect(text()).toContain(setting);
});
