import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ROOT, readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';
import { anchorsOf, linksOf, markdownFiles } from './markdown.ts';

const EXTERNAL = /^[a-z][a-z0-9+.-]*:/;
/** Paths in code marks that begin like a path of this repository. */
const CODE_PATH =
  /`((?:\.ci|\.github|deploy|docs|examples|packages|proto|services|test)\/[\w./-]+)`/g;

/** Stands for a name that the reader chooses. */
const PLACEHOLDER = /\bNAME\b/;

/** The reason why a link is broken; undefined for a good one. */
function problemOf(target: string, file: string): string | undefined {
  if (EXTERNAL.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const found = path === '' ? file : normalize(join(dirname(file), path));
  if (found.startsWith('..')) return 'is outside the repository';
  if (!existsSync(join(ROOT, found))) return `names ${found}, which does not exist`;
  if (anchor === undefined || !found.endsWith('.md')) return undefined;
  return anchorsOf(readFromRoot(found)).has(anchor) ? undefined : `${found} has no such heading`;
}

function brokenLinksOf(file: string, text: string): string[] {
  return linksOf(text).flatMap(({ target, line }) => {
    const problem = problemOf(target, file);
    return problem === undefined ? [] : [`${file}:${line} ${target}: ${problem}`];
  });
}

test('every relative link of every Markdown file leads to a file, and its anchor to a heading', () => {
  const files = markdownFiles();
  expect(files.length).toBeGreaterThan(15);
  expect(files.flatMap((file) => brokenLinksOf(file, readFromRoot(file)))).toEqual([]);
});

test('every path of this repository that a Markdown file names exists', () => {
  const missing = markdownFiles().flatMap((file) =>
    Array.from(readFromRoot(file).matchAll(CODE_PATH), ([, path = '']) => path)
      .filter((path) => !PLACEHOLDER.test(path) && !existsSync(join(ROOT, path)))
      .map((path) => `${file}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('missing files and headings are reported, links in code are ignored', () => {
  const text = [
    '# A heading with `code`, and more',
    '[good](#a-heading-with-code-and-more) [wrapped',
    'text](../README.md)',
    '[bad](#no-such-heading) ![bad](missing.png) [bad](../README.md#no-such-heading)',
    '`[code](nowhere.md)` [outside](https://example.com/)',
    '',
    '    [indented code](nowhere.md)',
    '',
    '```text',
    '[fenced](nowhere.md)',
    '```',
  ].join('\n');
  const targets = linksOf(text).map(({ target, line }) => `${line} ${target}`);
  expect(targets).toEqual([
    '2 #a-heading-with-code-and-more',
    '3 ../README.md',
    '4 #no-such-heading',
    '4 missing.png',
    '4 ../README.md#no-such-heading',
    '5 https://example.com/',
  ]);
  expect([...anchorsOf(text)]).toEqual(['a-heading-with-code-and-more']);
  expect(anchorsOf('# Twice\n## Twice\n')).toEqual(new Set(['twice', 'twice-1']));
});

test('relative links are resolved from the folder of their file', () => {
  expect(brokenLinksOf('docs/x.md', '[a](tutorial.md) [b](../LICENSE)')).toEqual([]);
  expect(brokenLinksOf('docs/x.md', '[a](LICENSE)\n[b](../../x)')).toEqual([
    'docs/x.md:1 LICENSE: names docs/LICENSE, which does not exist',
    'docs/x.md:2 ../../x: is outside the repository',
  ]);
});
