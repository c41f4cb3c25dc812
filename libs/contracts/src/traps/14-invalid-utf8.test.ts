import { fileURLToPath } from 'node:url';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { expect, test } from '@jest/globals';
import { describeService, loadService } from '../index.ts';
import { EchoService } from '../testing.ts';

const PROTOS = fileURLToPath(new URL('../../../../protos', import.meta.url));
/** `text` with a byte that no text has. */
const BAD_TEXT = Buffer.from([0x0a, 2, 0x61, 0xff]);

test('protobufjs still takes text that is no UTF-8 (if not, the codecs of libs/contracts/src/load.ts have one reason less)', () => {
  const loaded = loadSync('millrace/test/v1/echo_service.proto', { includeDirs: [PROTOS] });
  const { Echo } = loaded[EchoService.typeName] as ServiceDefinition;
  expect(Echo?.requestDeserialize(BAD_TEXT)).toMatchObject({ text: 'a\ufffd' });
});

test('ours throws', () => {
  expect(() => describeService(EchoService).methods['echo']?.request.decode(BAD_TEXT)).toThrow();
  expect(() => loadService(EchoService)['Echo']?.requestDeserialize(BAD_TEXT)).toThrow();
});
