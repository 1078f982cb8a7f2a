import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const FILE = fileURLToPath(new URL('../../releases.json', import.meta.url));

const release = z.strictObject({
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** The commit that the release was made of; null for the one that this tree will become. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .nullable(),
  /**
   * `shares`: one cluster with the release before, in both orders of upgrade; `refuses`: says so,
   * and is not ready.
   */
  withPrevious: z.enum(['shares', 'refuses']).optional(),
});

const file = z.strictObject({ releases: z.array(release).min(1) });

export type Release = z.infer<typeof release>;

/** Two releases of which one follows the other. */
export interface Neighbours {
  readonly older: Release;
  readonly newer: Release;
  readonly together: 'shares' | 'refuses';
}

/** All releases, the earliest first. */
export function readReleases(text = readFileSync(FILE, 'utf8')): readonly Release[] {
  return file.parse(JSON.parse(text)).releases;
}

/** This tree's release and the one before it. */
export function lastNeighbours(releases = readReleases()): Neighbours {
  const [older, newer] = releases.slice(-2);
  if (older?.commit === undefined || older.commit === null || newer?.withPrevious === undefined) {
    throw new Error(
      'releases.json: expected a release with its commit, and after it one with withPrevious',
    );
  }
  return { older, newer, together: newer.withPrevious };
}
