import { globSync } from 'node:fs';
import { ROOT, readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';

/** The entries of the object under `name` in a JSON object; none if there is no such object. */
function entriesUnder(json: unknown, name: string): [string, unknown][] {
  if (typeof json !== 'object' || json === null) return [];
  const [, found] = Object.entries(json).find(([key]) => key === name) ?? [];
  return typeof found === 'object' && found !== null ? Object.entries(found) : [];
}

/** All packages that a package.json of this project requires, with their versions. */
function requiredPackages(): Map<string, unknown> {
  const files = globSync('{.,packages/*,services/*,examples,test,test/fixtures}/package.json', {
    cwd: ROOT,
  });
  const all = files.flatMap((file) => {
    const manifest: unknown = JSON.parse(readFromRoot(file));
    const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
    return kinds.flatMap((kind) => entriesUnder(manifest, kind));
  });
  return new Map(all.filter(([name]) => !name.startsWith('@route/')));
}

/** The packages that docs/dependencies.md gives a reason for. */
function explained(): Set<string> {
  const lines = readFromRoot('docs/dependencies.md').split('\n');
  const cells = lines.map((line) => /^\| ([^|]+) \|/.exec(line)?.[1] ?? '');
  return new Set(cells.flatMap((cell) => cell.split(', ')));
}

test('every required package has its reason in docs/dependencies.md', () => {
  const known = explained();
  expect(requiredPackages().size).toBeGreaterThan(10);
  expect([...requiredPackages().keys()].filter((name) => !known.has(name))).toEqual([]);
});

test('every package is required at an exact version', () => {
  const loose = [...requiredPackages()].filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)),
  );
  expect(loose).toEqual([]);
});
