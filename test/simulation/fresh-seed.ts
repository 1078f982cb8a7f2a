import { execFileSync } from 'node:child_process';

/**
 * The first seed of a run of `npm test`. Elsewhere a new one each time; in CI it follows from the
 * commit, so that CI gives a commit the same verdict whenever it runs.
 */
export function freshSeed(): number {
  if (process.env['CI'] !== 'true') return Date.now() % 1_000_000_000;
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return Number.parseInt(commit.slice(0, 8), 16) % 1_000_000_000;
}
