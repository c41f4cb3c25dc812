import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { createCodec, MoneySchema } from '../index.ts';

const href = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
// Not the whole package: proto-loader makes code of text when it is imported.
const SCRIPT = `
  import { createCodec } from ${href('../codec.ts')};
  import { ByteWriter } from ${href('byte-writer.ts')};
  import { MoneySchema } from ${href('../../gen/shop/type/v1/money_pb.js')};
  let refused = '';
  try { new Function('') } catch (error) { refused = error.name }
  const codec = createCodec(MoneySchema);
  const to = new ByteWriter();
  codec.write({ currencyCode: 'EUR' }, to);
  try { codec.write({ currencyCode: 'EUR', amountMinor: 'many' }, to) } catch {}
  codec.write({ amountMinor: 5n }, to);
  const bytes = codec.encode({ currencyCode: 'EUR', amountMinor: 5n });
  console.log(JSON.stringify({
    refused,
    encoded: bytes.toString('hex'),
    written: to.written().toString('hex'),
    decoded: codec.decode(bytes).currencyCode,
  }));
`;

test('where no code can be made of text, protobuf-es encodes and decodes', () => {
  const flags = ['--disallow-code-generation-from-strings', '--conditions=source', '--input-type=module'];
  const output = execFileSync(process.execPath, [...flags, '--eval', SCRIPT], { encoding: 'utf8' });
  const encoded = createCodec(MoneySchema).encode({ currencyCode: 'EUR', amountMinor: 5n }).toString('hex');
  expect(JSON.parse(output)).toEqual({
    refused: 'EvalError',
    encoded,
    written: encoded,
    decoded: 'EUR',
  });
});
