import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a JSON object has under a name, where that is an object. */
function part(json: unknown, name: string): [string, unknown][] {
  if (typeof json !== 'object' || json === null) return [];
  const [, found] = Object.entries(json).find(([key]) => key === name) ?? [];
  return typeof found === 'object' && found !== null ? Object.entries(found) : [];
}

/** All packages that a package.json of this project asks for, with the versions asked for. */
function askedFor(): Map<string, unknown> {
  const files = globSync('{.,packages/*,services/*,examples,test,test/fixtures}/package.json', {
    cwd: ROOT,
  });
  const all = files.flatMap((file) => {
    const manifest: unknown = JSON.parse(readFileSync(`${ROOT}/${file}`, 'utf8'));
    const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
    return kinds.flatMap((kind) => part(manifest, kind));
  });
  return new Map(all.filter(([name]) => !name.startsWith('@route/')));
}

/** The packages that docs/dependencies.md gives a reason for. */
function explained(): Set<string> {
  const lines = readFileSync(`${ROOT}/docs/dependencies.md`, 'utf8').split('\n');
  const cells = lines.map((line) => /^\| ([^|]+) \|/.exec(line)?.[1] ?? '');
  return new Set(cells.flatMap((cell) => cell.split(', ')));
}

test('every package that is asked for has its reason in docs/dependencies.md', () => {
  const known = explained();
  expect(askedFor().size).toBeGreaterThan(10);
  expect([...askedFor().keys()].filter((name) => !known.has(name))).toEqual([]);
});

test('every package is asked for at one exact version', () => {
  const loose = [...askedFor()].filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)));
  expect(loose).toEqual([]);
});
