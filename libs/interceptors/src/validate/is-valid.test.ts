import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import { describe, expect, it, test } from '@jest/globals';
import * as contracts from '@millrace/contracts';
import * as testing from '@millrace/contracts/testing';
import fc from 'fast-check';
import { ArbitraryMessages } from '../testing/arbitrary-message.ts';
import { createIsValid } from './is-valid.ts';
import { validateMessage } from './validate-message.ts';

const validator = createValidator();
const isValid = createIsValid(validator);

function isMessage(value: unknown): value is DescMessage {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message';
}

function schemas(module: object, prefix: string): [string, DescMessage][] {
  return Object.values(module)
    .filter(isMessage)
    .filter(({ typeName }) => typeName.startsWith(prefix))
    .map((schema) => [schema.name, schema]);
}

const LEFT = ['LeftRules', 'LeftMessageRules', 'WrongRules'];
const TESTED = schemas(testing, 'millrace.test.');
const COMPILED = [...schemas(contracts, 'shop.'), ...TESTED.filter(([name]) => !LEFT.includes(name))];
const NOT_COMPILED = TESTED.filter(([name]) => LEFT.includes(name));

/** The fields that protovalidate finds fault with; a rule of several fields is a fault of all. */
function faults(schema: DescMessage, message: Message): Set<string> {
  const result = validator.validate(schema, message);
  const names = (result.violations ?? []).map(({ field: [first] }) =>
    first && 'localName' in first ? first.localName : '',
  );
  return new Set(names);
}

const messages = new ArbitraryMessages(faults);

describe('the compiled rules, with protovalidate as the oracle', () => {
  test.each(COMPILED)('of %s say what it says', (name, schema) => {
    const said = { valid: 0, invalid: 0, error: 0 };
    const property = fc.property(messages.of(schema), (message) => {
      const { kind } = validator.validate(schema, message);
      said[kind]++;
      expect(isValid(schema, message)).toBe(kind === 'valid');
    });
    fc.assert(property, { numRuns: 1_000 });
    expect(said.valid).toBeGreaterThan(50);
    if (name.endsWith('Rules') && name !== 'NoRules') expect(said.invalid).toBeGreaterThan(50);
  });

  test.each(NOT_COMPILED)('of %s never say yes alone', (_name, schema) => {
    const property = fc.property(messages.of(schema), (message) => {
      if (isValid(schema, message)) expect(validator.validate(schema, message).kind).toBe('valid');
    });
    fc.assert(property);
  });

  it('say nothing about messages whose rules contradict the proto', () => {
    const message = create(testing.WrongRulesSchema, { other: 'fine' });
    expect(isValid(testing.WrongRulesSchema, message)).toBe(false);
    expect(() => validateMessage(testing.WrongRulesSchema, message)).toThrow('expected rule "string"');
  });

  test.each([
    { time: { seconds: 3n, nanos: -1 } },
    { time: { seconds: 2n ** 62n } },
    { outside: { seconds: -3n, nanos: -1 } },
    { listed: { seconds: 1n, nanos: 2e9 } },
  ])('leave %j, which is no time, to protovalidate', (init) => {
    const message = create(testing.KnownTypeRulesSchema, { needed: true, ...init });
    expect(isValid(testing.KnownTypeRulesSchema, message)).toBe(false);
  });
});
