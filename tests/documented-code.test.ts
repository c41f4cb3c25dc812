import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

/** Pages with code in them. Each block stands under a comment that names where it was cut from: `<!-- file#region -->`. */
const PAGES = ['docs/interceptors.md'];
const BLOCK = /(?:<!-- (?<file>\S+?)#(?<region>[\w-]+) -->\n\n)?```ts\n(?<code>[\s\S]*?)```/g;

/** The lines between `// #region name` and `// #endregion`, without their common indent. */
function cut(file: string, region: string): string {
  const found = new RegExp(`^( *)// #region ${region}\\n([\\s\\S]*?)^ *// #endregion`, 'm').exec(read(file));
  if (!found) throw new Error(`${file} has no region ${region}`);
  const [, indent = '', code = ''] = found;
  return code.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

test.each(PAGES)('the code in %s is cut from files that compile', (page) => {
  const blocks = [...read(page).matchAll(BLOCK)];
  expect(blocks).not.toHaveLength(0);
  for (const { groups } of blocks) {
    const { file, region, code } = groups ?? {};
    expect(`${code}is from ${file}`).not.toContain('is from undefined');
    expect(code).toBe(cut(file ?? '', region ?? ''));
  }
});
