import { DurableError } from '../postgres/errors.ts';

export class SagaNotFound extends DurableError {
  override readonly name = 'SagaNotFound';
  constructor(id: string) {
    super({ reason: 'SAGA_NOT_FOUND', message: `there is no saga ${id}` });
  }
}

/** Another runner has the saga now; whatever this one still wanted to write must not be written. */
export class LeaseLost extends DurableError {
  override readonly name = 'LeaseLost';
  constructor(id: string) {
    super({ reason: 'LEASE_LOST', message: `the lease of saga ${id} was lost` });
  }
}

/** A step's attempt took longer than its time; its outcome is unknown. */
export class StepTimeout extends DurableError {
  override readonly name = 'StepTimeout';
  constructor(limitMs: number) {
    super({ reason: 'STEP_TIMEOUT', message: `no outcome within ${limitMs} ms`, retryable: true });
  }
}
