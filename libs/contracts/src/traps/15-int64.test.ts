import { fileURLToPath } from 'node:url';
import { loadSync, type Options, type ServiceDefinition } from '@grpc/proto-loader';
import { expect, test } from '@jest/globals';
import { describeService, loadService } from '../index.ts';
import { EchoService } from '../testing.ts';

const PROTOS = fileURLToPath(new URL('../../../../protos', import.meta.url));
const BIGGEST = 2n ** 63n - 1n;
const encoded = Buffer.from(
  describeService(EchoService).methods['echo']?.request.encode({ sample: { number: BIGGEST } }) ?? [],
);

function numberBy(options: Options): unknown {
  const loaded = loadSync('millrace/test/v1/echo_service.proto', { includeDirs: [PROTOS], ...options });
  const { Echo } = loaded[EchoService.typeName] as ServiceDefinition;
  return (Echo?.requestDeserialize(encoded) as { sample: { number: unknown } }).sample.number;
}

test('proto-loader still gives int64 as the loader is told, and never as bigint (if not, the codecs of libs/contracts/src/load.ts have one reason less)', () => {
  expect(numberBy({ longs: String })).toBe(String(BIGGEST));
  expect(numberBy({ longs: Number })).toBe(2 ** 63);
  expect(numberBy({})).toMatchObject({ low: -1, high: 0x7fffffff });
});

test('ours is bigint, whole, at every edge', () => {
  for (const number of [BIGGEST, -(2n ** 63n), 2n ** 53n + 1n, 0n]) {
    const bytes = describeService(EchoService).methods['echo']?.request.encode({ sample: { number } });
    expect(loadService(EchoService)['Echo']?.requestDeserialize(Buffer.from(bytes ?? []))).toMatchObject({
      sample: { number },
    });
  }
});
