import type { Transaction } from 'kysely';
import { randomUUID } from 'node:crypto';
import { defineSaga } from '../define-saga.ts';
import type { SagaDefinition, Step } from '../definition.ts';
import type { RigSchema } from './rig.ts';

export interface Order {
  amount: bigint;
  paymentId?: string;
}
type OrderStep = Step<Order, RigSchema>;
type OrderSaga = SagaDefinition<Order, RigSchema>;

/** What happened outside the database, in order. */
const calls = new Map<string, string[]>();
export const called = (id: string): string[] => calls.get(id) ?? [];
export function call(key: string, what: string): void {
  const id = key.slice(0, key.lastIndexOf(':'));
  calls.set(id, [...called(id), `${what} ${key.slice(id.length + 1)}`]);
}

const write =
  (what: string) =>
  async (tx: Transaction<RigSchema>, { id }: { id: string }): Promise<void> => {
    await tx.insertInto('deed').values({ saga_id: id, what }).execute();
  };

function local(name: string, more: Partial<OrderStep> = {}): OrderStep {
  return { name, record: write(`${name} done`), recordUndo: write(`${name} undone`), ...more };
}

function remote(name: string, more: Partial<OrderStep> = {}): OrderStep {
  return {
    name,
    execute: (_, { key }) => {
      call(key, 'do');
      return Promise.resolve({ kind: 'done' });
    },
    compensate: (_, { key }) => {
      call(key, 'undo');
      return Promise.resolve();
    },
    ...more,
  };
}

/** A type of its own for each test, so that no other test's runner takes the saga. */
export function orderSaga(changes: Record<string, Partial<OrderStep>> = {}): OrderSaga {
  return defineSaga<Order, RigSchema>({
    type: `order-${randomUUID()}`,
    version: 1,
    steps: [
      local('reserve', changes.reserve),
      remote('authorize', changes.authorize),
      remote('capture', { pivot: true, ...changes.capture }),
      local('confirm', changes.confirm),
    ],
    completed: write('completed'),
    compensated: (tx, saga, reason) => write(`compensated: ${reason}`)(tx, saga),
  });
}
