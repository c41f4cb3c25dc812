import { DurableError } from '../postgres/errors.ts';
import type { OperationKey } from './operation.ts';

/** The key was used before with another request. */
export class IdempotencyKeyReused extends DurableError {
  override readonly name = 'IdempotencyKeyReused';
  constructor({ method }: OperationKey) {
    const message = `the idempotency key was already used for another ${method} request`;
    super({ reason: 'IDEMPOTENCY_KEY_REUSED', message });
  }
}

/** The operation was undone before it arrived, so it must not run any more. */
export class OperationBarred extends DurableError {
  override readonly name = 'OperationBarred';
  constructor({ method }: OperationKey) {
    super({ reason: 'OPERATION_BARRED', message: `this ${method} was undone before it arrived` });
  }
}
