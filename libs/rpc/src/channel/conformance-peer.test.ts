import { describe, expect, test } from '@jest/globals';
import type { Call, Interceptor } from '../index.ts';
import { createTestAuthority, createTlsFolder } from '../testing.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

const authority = createTestAuthority();
const SERVER = { name: 'echo', ips: ['127.0.0.1'] };
const CALLER = { name: 'caller', uris: ['spiffe://millrace.example/service/caller'] };

/** Keeps the calls that come by. */
function keeping(): [Call[], Interceptor] {
  const calls: Call[] = [];
  return [calls, (call, next) => (calls.push(call), next(call))];
}

describe.each(WAYS)('$way', (way) => {
  test('handlers see where their calls come from', async () => {
    const [calls, keep] = keeping();
    await using rig = await createRigFor(way, { server: [keep] });
    await Promise.all([rig.client.echo({}), rig.client.echo({}), rig.client.change({})]);
    expect(calls).toHaveLength(3);
    for (const call of calls) {
      expect(call).toMatchObject({ side: 'server', kind: 'unary', attempt: 0, peerIdentity: undefined });
      expect(call.peer).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(call.peer).toBe(calls[0]?.peer);
      expect(call.peer).not.toBe(rig.address);
    }
  });

  test('handlers see who their caller is by its certificate', async () => {
    using server = createTlsFolder(authority.issue(SERVER), authority.cert);
    using client = createTlsFolder(authority.issue(CALLER), authority.cert);
    const [calls, keep] = keeping();
    await using rig = await createRigFor(way, {
      server: [keep],
      tls: {
        server: { certFile: server.certFile, keyFile: server.keyFile, clientCaFile: server.caFile },
        client: { certFile: client.certFile, keyFile: client.keyFile, caFile: client.caFile },
      },
    });
    await Promise.all([rig.client.echo({}), rig.client.change({})]);
    for (const { peerIdentity } of calls) expect(peerIdentity).toMatchObject({ uris: CALLER.uris });
    expect(calls).toHaveLength(2);
  });

  test('nobody passes for another by metadata', async () => {
    const [calls, keep] = keeping();
    await using rig = await createRigFor(way, { server: [keep] });
    const metadata = {
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-client-cert': 'spiffe://x',
      forwarded: 'for=x',
    };
    await rig.client.echo({}, { metadata });
    expect(calls[0]?.peer).toMatch(/^127\.0\.0\.1:/);
    expect(calls[0]?.peerIdentity).toBeUndefined();
    expect(calls[0]?.context.principal).toBeUndefined();
  });
});
