import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { OrderSchema, PlaceOrderResponseSchema } from '@millrace/contracts';
import { sql, type Books } from './books.ts';
import { count, finding, type Finding } from './finding.ts';

/** What an order that was acknowledged with one status may be at rest. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  CONFIRMED: ['CONFIRMED', 'CANCELLED'],
  CANCELLED: ['CANCELLED'],
  REJECTED: ['REJECTED'],
};

/** I1: every acknowledged order exists once. */
export async function everyOrderExistsOnce({ orders, observed }: Books): Promise<Finding> {
  const stored = await orders.rows(sql<{ id: string; status: string }>`SELECT id, status FROM orders`);
  const statusOf = new Map(stored.map(({ id, status }) => [id, status]));
  const broken: string[] = [];
  const keyOf = new Map<string, string>();
  for (const [key, answers] of observed.answers) {
    for (const { orderId, status } of answers) {
      const now = statusOf.get(orderId);
      if (now === undefined) broken.push(`${orderId} was acknowledged and does not exist`);
      else if (!LATER[status]?.includes(now))
        broken.push(`${orderId} was acknowledged ${status} and is ${now}`);
      if ((keyOf.get(orderId) ?? key) !== key) broken.push(`${orderId} answers two keys`);
      keyOf.set(orderId, key);
    }
  }
  for (const id of observed.cancelled)
    if (statusOf.get(id) !== 'CANCELLED') broken.push(`${id} was cancelled and is ${statusOf.get(id)}`);
  const twice = await orders.rows(
    sql<{ key: string; n: bigint }>`
      SELECT min(key) AS key, count(*) AS n FROM operations WHERE method = 'PlaceOrder'
      GROUP BY subject_id HAVING count(*) > 1`,
  );
  broken.push(...twice.map(({ key, n }) => `the order of key ${key} has ${n} operations`));
  const [made] = await orders.rows(
    sql<{ n: bigint }>`SELECT count(*) AS n FROM operations WHERE method = 'PlaceOrder'`,
  );
  if (made?.n !== BigInt(stored.length))
    broken.push(`${count(stored.length)} orders stand against ${count(made?.n ?? 0n)} keys`);
  return finding(broken, `${count(keyOf.size)} acknowledged, all found`);
}

/** I5: every saga is at its end; asked after the time it may take. */
export async function everySagaEnds({ orders }: Books): Promise<Finding> {
  const rows = await orders.rows(
    sql<{ id: string; state: string; step: number; parked: string | null }>`
      SELECT id, state, step, parked FROM saga
      WHERE state NOT IN ('completed', 'compensated') OR parked IS NOT NULL ORDER BY created_at`,
  );
  const [all] = await orders.rows(sql<{ n: bigint }>`SELECT count(*) AS n FROM saga`);
  const broken = rows.map(({ id, state, step, parked }) => {
    return `saga ${id} is ${state} at step ${step}${parked === null ? '' : `, parked: ${parked}`}`;
  });
  return finding(broken, `${count(all?.n ?? 0n)} sagas, all ended`);
}

/** I7: one key, one reply: the one that is stored, however often and by whichever way it was asked for. */
export async function oneKeyOneReply({ orders, observed }: Books): Promise<Finding> {
  const stored = await orders.rows(
    sql<{ subject_id: string; reply: Uint8Array | null }>`
      SELECT subject_id, reply FROM operations WHERE method = 'PlaceOrder'`,
  );
  const replyOf = new Map(stored.map(({ subject_id, reply }) => [subject_id, reply]));
  const broken: string[] = [];
  let repeats = 0;
  for (const [key, answers] of observed.answers) {
    const different = new Set(answers.map(({ bytes }) => bytes)).size;
    if (different > 1) broken.push(`key ${key} got ${different} different replies`);
    const [first] = answers;
    const reply = replyOf.get(first?.orderId ?? '');
    if (!reply) broken.push(`key ${key} has no stored reply`);
    else if (orderBytes(reply) !== first?.bytes) broken.push(`key ${key} was answered otherwise than stored`);
    if (answers.length > 1) repeats += 1;
  }
  return finding(broken, `${count(observed.answers.size)} keys, ${count(repeats)} of them asked again`);
}

function orderBytes(reply: Uint8Array): string | undefined {
  const { order } = fromBinary(PlaceOrderResponseSchema, reply);
  return order && Buffer.from(toBinary(OrderSchema, order)).toString('base64');
}

/** I8: every call ends by its deadline and the way back. */
export async function everyCallEnds({ observed }: Books): Promise<Finding> {
  const broken = observed.lateCalls.map(({ what, deadlineMs, tookMs }) => {
    return `${what} took ${Math.round(tookMs)} ms with a deadline of ${deadlineMs} ms`;
  });
  return finding(broken, `${count(observed.calls)} calls, none late`);
}
