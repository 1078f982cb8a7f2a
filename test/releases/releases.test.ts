import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { installRelease } from './earlier-release.ts';
import { readReleases } from './releases.ts';

test('every release but the last has its commit, and this tree is one of the last two', () => {
  const releases = readReleases();
  expect(releases.slice(0, -1).map(({ commit }) => typeof commit)).toEqual(
    releases.slice(0, -1).map(() => 'string'),
  );
  expect(releases.at(-1)?.commit).toBeNull();
  expect(releases.slice(-2).map(({ version }) => version)).toContain(thisVersion());
});

test('a clone without the history reports the missing commit', async () => {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  await expect(installRelease({ version: '0.0.1', commit })).rejects.toThrow(
    /release 0\.0\.1 is commit 0123456789abcdef\w+ .*git fetch --unshallow/,
  );
});

function thisVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = Object(JSON.parse(text));
  return String(version);
}
