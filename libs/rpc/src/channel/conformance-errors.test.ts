import { describe, expect, test } from '@jest/globals';
import { CatalogService, describeService, type Method } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { badRequest, Code, createBareClient, fieldViolations, RpcError } from '../index.ts';
import type { Rig, RigOptions } from '../testing.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

const CODES = Object.entries(Code).filter(([, code]) => code !== Code.OK);
const { echo: ECHO } = describeService(EchoService).methods as Record<'echo', Method>;

/** What `create` passes through, and what is written as it is. */
const unreadable = { ...ECHO.request, write: writeRubbish, encode: () => RUBBISH };
const RUBBISH = Buffer.from([0x0a, 0x7f, 1]);

function writeRubbish(_message: unknown, to: Parameters<Method['request']['write']>[1]): void {
  to.reserve(RUBBISH.length);
  to.buffer.set(RUBBISH, to.length);
  to.length += RUBBISH.length;
}

const throwing = (error: unknown): RigOptions => ({
  handlers: { echo: () => Promise.reject(error as Error) },
});

async function failureOf(rig: Rig, text = 'hello'): Promise<RpcError> {
  const failure = await rig.client.echo({ text }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RpcError);
  return failure as RpcError;
}

/** Everything about a failure. */
function facts(error: RpcError): object {
  const { code, message, reason, sent, retryDelayMs, retried } = error;
  return { code, message, reason, sent, retryDelayMs, retried, violations: fieldViolations(error) };
}

describe.each(WAYS)('$way', (way) => {
  test.each(CODES)('%s arrives with everything it carries', async (_name, code) => {
    const { details } = badRequest([
      { field: 'lines[0].sku', description: 'unknown', reason: 'UNKNOWN' },
      { field: 'ünï', description: '日本 🚀' },
    ]);
    const error = new RpcError(code, `nö, 100 % 🚀 ${code}`, {
      reason: 'NOT_NOW',
      retryDelayMs: 1_500,
      retried: true,
      details,
    });
    await using rig = await createRigFor(way, throwing(error));
    expect(facts(await failureOf(rig))).toEqual(facts(error));
  });

  test.each(CODES)('a bare %s is no more than that', async (name, code) => {
    await using rig = await createRigFor(way, throwing(new RpcError(code, '')));
    expect(facts(await failureOf(rig))).toEqual({
      code,
      message: '',
      reason: name,
      sent: 'maybe',
      retryDelayMs: undefined,
      retried: false,
      violations: [],
    });
  });

  test.each([
    ['an Error', new Error('password=hunter2 at /srv/app.ts')],
    ['a text', 'password=hunter2'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['an object', { code: Code.NOT_FOUND, message: 'password=hunter2' }],
  ])('%s that a handler throws by accident stays inside', async (_name, error) => {
    await using rig = await createRigFor(way, throwing(error));
    expect(facts(await failureOf(rig))).toMatchObject({ code: Code.INTERNAL, message: 'internal error' });
  });

  test('a handler that throws at once is no different from one that rejects', async () => {
    const handlers: RigOptions['handlers'] = {
      echo: () => {
        throw new RpcError(Code.NOT_FOUND, 'gone');
      },
    };
    await using rig = await createRigFor(way, { handlers });
    expect(facts(await failureOf(rig))).toMatchObject({ code: Code.NOT_FOUND, message: 'gone' });
  });

  test('an interceptor says that it refused before any work', async () => {
    const full = new RpcError(Code.RESOURCE_EXHAUSTED, 'full', { sent: 'refused', retryDelayMs: 5 });
    await using rig = await createRigFor(way, { server: [() => Promise.reject(full)] });
    expect(facts(await failureOf(rig))).toMatchObject({ sent: 'refused', retryDelayMs: 5, message: 'full' });
  });

  test.each([
    ['half a surrogate pair', 'x\ud800', 'x\ufffd'],
    ['a long text', 'x'.repeat(100_000), 'x'.repeat(1_024)],
    ['a long text of long characters', '🚀'.repeat(5_000), '🚀'.repeat(512)],
    ['a text that is cut inside a character', `x${'🚀'.repeat(5_000)}`, `x${'🚀'.repeat(511)}\ufffd`],
    ['a text that its details still hold', 'x'.repeat(5_000), 'x'.repeat(5_000)],
    ['control characters', 'a\r\n\0\tb', 'a\r\n\0\tb'],
    ['percent signs', '%41%zz%', '%41%zz%'],
  ])('%s as a message arrives, cut where it is too long', async (_name, message, expected) => {
    await using rig = await createRigFor(way, throwing(new RpcError(Code.ABORTED, message)));
    expect(facts(await failureOf(rig))).toMatchObject({ code: Code.ABORTED, message: expected });
  });

  test('details that no header holds are left out, the rest arrives', async () => {
    const violations = Array.from({ length: 1_000 }, (_, index) => ({
      field: `lines[${index}].quantity`,
      description: 'must be positive',
    }));
    await using rig = await createRigFor(way, throwing(badRequest(violations)));
    const failure = await failureOf(rig);
    expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'INVALID_FIELD' });
    expect(failure.message).toHaveLength(1_024);
    expect(failure.message).toMatch(/^lines\[0\]\.quantity: must be positive; lines\[1\]/);
    expect(fieldViolations(failure)).toEqual([]);
  });

  test('a request that cannot be read is INVALID_ARGUMENT, and no handler sees it', async () => {
    let handled = 0;
    const handlers: RigOptions['handlers'] = { echo: () => Promise.resolve({ text: `${++handled}` }) };
    await using rig = await createRigFor(way, { handlers });
    const failure = rig.invoke({ ...ECHO, request: unreadable }, {});
    await expect(failure).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: 'the request cannot be read',
      sent: 'refused',
    });
    expect((await rig.client.echo({})).text).toBe('1');
  });

  test('a request that cannot be written is INTERNAL and never leaves', async () => {
    await using rig = await createRigFor(way);
    const failure = rig.client.echo({ text: 'x', sample: { number: 'no number' as never } });
    await expect(failure).rejects.toMatchObject({ code: Code.INTERNAL, sent: 'never' });
    expect(await rig.call('unary')).toEqual(['hello']);
  });

  test('a reply that cannot be read is INTERNAL', async () => {
    await using rig = await createRigFor(way);
    const decode = (): never => {
      throw new Error('rubbish');
    };
    const failure = rig.invoke({ ...ECHO, response: { ...ECHO.response, decode } }, {});
    await expect(failure).rejects.toMatchObject({
      code: Code.INTERNAL,
      message: 'the reply cannot be read',
      sent: 'maybe',
    });
    expect(await rig.call('unary')).toEqual(['hello']);
  });

  test.each([
    ['a field of another type', { sample: { number: 'no number' } }],
    ['a field that is no message', { sample: 5 }],
  ])('a handler that answers with %s fails its own call only', async (_name, answer) => {
    const handlers: RigOptions['handlers'] = {
      echo: ({ text }) => Promise.resolve(text === 'bad' ? (answer as never) : { text }),
    };
    await using rig = await createRigFor(way, { handlers });
    const good = rig.client.echo({ text: 'good' });
    expect(facts(await failureOf(rig, 'bad'))).toMatchObject({
      code: Code.INTERNAL,
      message: 'internal error',
    });
    expect((await good).text).toBe('good');
    expect((await rig.client.echo({ text: 'after' })).text).toBe('after');
  });

  test('a method that the server has not is UNIMPLEMENTED, and so is one without a handler', async () => {
    await using rig = await createRigFor(way, { handlers: { echo: undefined as never } });
    expect(facts(await failureOf(rig))).toMatchObject({ code: Code.UNIMPLEMENTED });
    const stranger = createBareClient(CatalogService, { transport: rig.transport });
    await expect(stranger.listProducts({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  });
});
