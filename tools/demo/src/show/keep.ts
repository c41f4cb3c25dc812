import type { System } from '@millrace/dev';
import colours from 'picocolors';

/** How to use the system that is left running: addresses, a token, a line to paste. */
export async function formatKeep(system: System): Promise<string> {
  const { http, grpc, order, payment } = system.addresses;
  const token = await system.token('alice', 'customer');
  return [
    '',
    `${colours.bold('Still running')}  gateway ${http} · gRPC ${grpc} · order ${order} · payment ${payment}`,
    '',
    `  export TOKEN=${token}`,
    `  curl -s ${http}/v1/orders -H "authorization: Bearer $TOKEN" -H "idempotency-key: $(date +%s)" \\`,
    `    -H 'content-type: application/json' -d @docs/examples/place-order.json`,
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}
