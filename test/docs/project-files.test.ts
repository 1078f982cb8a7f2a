import { readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const releasesSchema = z.object({ releases: z.array(z.object({ version: z.string() })) });

const workflowSchema = z.object({
  permissions: z.object({ contents: z.literal('read') }),
  jobs: z.record(
    z.string(),
    z.object({ steps: z.array(z.object({ run: z.string().optional() })) }),
  ),
});

/** The last lines of .ci/run: the commands after the machine is prepared. */
function stepsOfOwnCi(): string[] {
  const lines = readFromRoot('.ci/run').split('\n');
  return lines.filter((line) => /^(node|npm) /.test(line));
}

test('the hosted workflow runs the commands of .ci/run in order, with read-only permissions', () => {
  const workflow = workflowSchema.parse(parse(readFromRoot('.github/workflows/ci.yml')));
  const runs = Object.values(workflow.jobs).flatMap(({ steps }) =>
    steps.flatMap(({ run }) => run?.trim().split('\n') ?? []),
  );
  const own = stepsOfOwnCi();
  expect(own.length).toBeGreaterThan(2);
  expect(runs.filter((run) => own.includes(run))).toEqual(own);
});

test('the changelog has a section for each release, the latest first', () => {
  const { releases } = releasesSchema.parse(JSON.parse(readFromRoot('releases.json')));
  const sections = Array.from(
    readFromRoot('CHANGELOG.md').matchAll(/^## (\d+\.\d+\.\d+)( \(not released yet\))?$/gm),
    ([, version = '']) => version,
  );
  expect(
    sections.filter((version) => releases.some((release) => release.version === version)),
  ).toEqual(releases.map(({ version }) => version).toReversed());
  expect(sections.length - releases.length).toBeLessThanOrEqual(1);
});

test('the licence is the unchanged text of Apache-2.0', () => {
  const licence = readFromRoot('LICENSE');
  expect(licence).toContain('Apache License\n                           Version 2.0, January 2004');
  expect(licence).toContain('END OF TERMS AND CONDITIONS');
  expect(licence.split('\n')).toHaveLength(203);
});
