import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Violation } from '@bufbuild/protovalidate';
import type { FieldViolation } from '@millrace/rpc';
import { createIsValid } from './is-valid.ts';

const validator = createValidator();
const isValid = createIsValid(validator);
const NONE: readonly FieldViolation[] = [];

/** The rules' own words, made a sentence about the field: `must match ^[A-Z]{3}$`. */
function describe({ message }: Violation): string {
  return message
    .replace(/^value /, '')
    .replace(/^does not match regex pattern `(.*)`$/s, 'must match $1')
    .replace('item(s)', 'items')
    .replace(/\b1 (character|item)s\b/, '1 $1');
}

/**
 * What is wrong with a message by the rules of its proto: each field by its path in proto names, such as
 * `lines[0].quantity`. Empty when nothing is. Throws when the rules themselves cannot be evaluated.
 */
export function validateMessage<D extends DescMessage>(
  descriptor: D,
  message: MessageShape<D>,
): readonly FieldViolation[] {
  if (isValid(descriptor, message)) return NONE;
  const result = validator.validate(descriptor, message);
  if (result.kind === 'valid') return NONE;
  if (result.kind === 'error') throw result.error;
  return result.violations.map((violation) => ({
    field: pathToString(violation.field),
    description: describe(violation),
  }));
}
