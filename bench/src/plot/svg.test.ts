import { expect, test } from '@jest/globals';
import { picture, text } from './svg.ts';

test('a text is text, whatever it says', () => {
  expect(text('<b> & "c"', { x: 1.26, y: 2 })).toBe(
    '<text x="1.3" y="2" text-anchor="start">&lt;b&gt; &amp; &quot;c&quot;</text>',
  );
});

test('a picture has colours for dark as well', () => {
  const svg = picture({ title: 'A', note: 'b', width: 10, height: 20 }, ['<g/>']);
  expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 10 20"/);
  expect(svg).toContain('@media (prefers-color-scheme: dark)');
  expect(svg).toMatch(/<g\/>\n<\/svg>\n$/);
});
