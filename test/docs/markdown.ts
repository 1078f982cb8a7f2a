import { globSync } from 'node:fs';
import { ROOT } from '@route/fixtures';

const IGNORED = /(^|\/)(node_modules|dist[^/]*|\.tmp|\.turbo|coverage)(\/|$)/;

/** A link of a Markdown file, as written. */
export interface MarkdownLink {
  readonly line: number;
  readonly target: string;
}

/** The Markdown files of this repository, relative to its root. */
export function markdownFiles(): string[] {
  const files = globSync('**/*.md', { cwd: ROOT, exclude: (path) => IGNORED.test(path) });
  const hidden = globSync('.github/**/*.md', { cwd: ROOT });
  return [...files, ...hidden].toSorted();
}

/** Replaces code blocks with empty lines. Indented text of a list item is kept. */
function withoutCodeBlocks(text: string): string[] {
  let fence: string | undefined;
  let isAfterBlank = true;
  let isInList = false;
  let isIndentedCode = false;
  return text.split('\n').map((line) => {
    const mark = /^ *(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || line.trim() === fence)) {
      fence = fence === undefined ? mark : undefined;
      return '';
    }
    if (fence !== undefined) return '';
    if (/^\s*([-*]|\d+\.) /.test(line)) isInList = true;
    else if (/^\S/.test(line)) isInList = false;
    const isIndented = /^ {4}/.test(line) && !isInList;
    isIndentedCode = isIndented && (isAfterBlank || isIndentedCode);
    isAfterBlank = line.trim() === '';
    return isIndentedCode ? '' : line;
  });
}

/** All links and images of a Markdown text, but for those in code. */
export function linksOf(text: string): MarkdownLink[] {
  // A link's text may be wrapped, so that the lines cannot be looked at one by one.
  const prose = withoutCodeBlocks(text)
    .join('\n')
    .replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[^\n]/g, '.'));
  const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g);
  const references = prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm);
  return [...inline, ...references].map(({ 1: target = '', index }) => ({
    target,
    line: prose.slice(0, index).split('\n').length,
  }));
}

/** The anchors of a Markdown text's headings, made as code hosts make them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const line of withoutCodeBlocks(text)) {
    const heading = /^#{1,6} +(.+?)(?: +#+)?$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}
