import { create } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { describeService, OrderService, PaymentService } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { createMetadata, NO_METADATA } from '@millrace/rpc';
import { createHeartbeat, isHeartbeat, promisedHeartbeatMs, promiseHeartbeats } from './heartbeat.ts';

const METHODS = [EchoService, OrderService, PaymentService].flatMap((service) =>
  Object.values(describeService(service).methods),
);

test.each(METHODS.map(({ path, response }) => [path, response] as const))(
  'a heartbeat of %s is known after its way over the wire, and no message is taken for one',
  (_path, { descriptor, encode, decode }) => {
    expect(isHeartbeat(decode(encode(createHeartbeat(descriptor))))).toBe(true);
    expect(isHeartbeat(decode(encode(create(descriptor))))).toBe(false);
    // Of another field that this side does not know.
    expect(isHeartbeat(decode(new Uint8Array([0xf8, 0xff, 0x07, 1])))).toBe(false);
  },
);

test('what comes with heartbeats says how often', () => {
  expect(promisedHeartbeatMs(promiseHeartbeats(NO_METADATA, 250))).toBe(250);
  expect(promisedHeartbeatMs(NO_METADATA)).toBeUndefined();
  for (const nonsense of ['', '0', '-1', 'x', 'Infinity', 'NaN']) {
    expect(promisedHeartbeatMs(createMetadata({ 'millrace-heartbeat': nonsense }))).toBeUndefined();
  }
});
