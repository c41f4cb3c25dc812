import { context, trace, type ContextManager } from '@opentelemetry/api';
import { describe, expect, jest, test } from '@jest/globals';
import { createLogger } from './create-logger.ts';

function capture(options: { pretty?: boolean } = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    service: 'order',
    level: 'debug',
    destination: { write: (l) => lines.push(l) },
    ...options,
  });
  return { logger, lines, entry: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

describe('createLogger', () => {
  test('writes one JSON line an entry, whatever stands in it', () => {
    const { logger, lines, entry } = capture();
    logger.child({ orderId: 'o-1' }).warn({ note: 'two\nlines "quoted"' }, 'odd\ninput');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(entry()).toMatchObject({ level: 'warn', service: 'order', orderId: 'o-1', msg: 'odd\ninput' });
    expect(entry().time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('hides secrets by name and passwords inside addresses', () => {
    const { logger, lines } = capture();
    logger.info(
      { password: 'canary', request: { headers: { authorization: 'canary' }, token: 'canary' } },
      'in',
    );
    logger.error(new Error('cannot reach postgres://app:canary@db/orders'));
    expect(lines.join('')).not.toContain('canary');
    expect(lines[1]).toContain('postgres://app:***@db/orders');
  });

  test('gives the stack of an unknown error and only the reason of a foreseen one', () => {
    const { logger, entry } = capture();
    logger.error({ err: new Error('bug') }, 'failed');
    expect(entry().err).toMatchObject({
      name: 'Error',
      message: 'bug',
      stack: expect.stringContaining('at '),
    });
    logger.warn({ err: Object.assign(new Error('no'), { reason: 'OUT_OF_STOCK' }) }, 'refused');
    expect(entry().err).toEqual({ name: 'Error', reason: 'OUT_OF_STOCK', message: 'no' });
  });

  test('adds the ids of the active span', () => {
    const { logger, entry } = capture();
    const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const active = trace.setSpanContext(context.active(), span);
    const manager = { active: () => active, disable: jest.fn() } as unknown as ContextManager;
    context.setGlobalContextManager(manager);
    try {
      logger.info('inside');
    } finally {
      context.disable();
    }
    expect(entry()).toMatchObject({ trace_id: span.traceId, span_id: span.spanId });
    logger.info('outside');
    expect(entry()).not.toHaveProperty('trace_id');
  });

  test('is readable when pretty', () => {
    const { logger, lines } = capture({ pretty: true });
    logger.info({ orderId: 'o-1', text: 'a b' }, 'placed');
    // The colours depend on the terminal.
    const plain = lines[0]?.replace(/\u001b\[\d+m/g, '');
    expect(plain).toMatch(/^\d\d:\d\d:\d\d order {4}info {2}placed orderId=o-1 text="a b"\n$/);
    const cause = Object.assign(new Error('refused'), { reason: 'REFUSED' });
    logger.warn({ err: Object.assign(new Error('no database', { cause }), { reason: 'DOWN' }) }, 'retrying');
    expect(lines[1]).toMatch(/retrying\n {2}Error: no database\n {2}Error: refused\n$/);
  });
});
