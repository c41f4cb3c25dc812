import { expect, it, test } from '@jest/globals';
import { Metadata } from '@grpc/grpc-js';
import { fromGrpcStatus, toGrpcStatus } from './grpc-status.ts';
import { Code, RpcError } from './status.ts';

function failed(pushback: string): RpcError {
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', pushback);
  return fromGrpcStatus({ code: Code.UNAVAILABLE, details: 'busy', metadata }, true);
}

test.each([
  ['0', 0],
  ['250', 250],
  ['-1', -1],
  ['soon', -1],
  ['', -1],
  ['1e3', -1],
  ['0x10', -1],
  ['99999999999999999999', -1],
])('the pushback %j of another server is a delay of %d ms; -1 asks not to come back', (pushback, delayMs) => {
  expect(failed(pushback).retryDelayMs).toBe(delayMs);
});

it('is no delay where nothing was said', () => {
  const status = { code: Code.UNAVAILABLE, details: 'busy', metadata: new Metadata() };
  expect(fromGrpcStatus(status, true).retryDelayMs).toBeUndefined();
});

it('carries our own delay in the details', () => {
  const status = toGrpcStatus(new RpcError(Code.UNAVAILABLE, 'busy', { retryDelayMs: 250 }));
  expect(fromGrpcStatus(status, true).retryDelayMs).toBe(250);
});
