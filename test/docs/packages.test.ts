import { globSync } from 'node:fs';
import { ROOT, readFromRoot } from '@route/fixtures';
import { expect, test } from 'vitest';
import { z } from 'zod';

const WORKSPACES = '{packages/*,services/*,examples,test,test/fixtures}/package.json';

const manifestSchema = z.object({
  name: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  description: z.string().min(20),
  keywords: z.array(z.string().min(1)).min(1),
  license: z.literal('Apache-2.0'),
  repository: z.object({
    type: z.literal('git'),
    url: z.string().regex(/^git\+https:\/\/.+\.git$/),
    directory: z.string().optional(),
  }),
});

const rootSchema = manifestSchema.extend({
  optionalDependencies: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
});

const lockedSchema = z.object({
  integrity: z.string().optional(),
  resolved: z.string().optional(),
  link: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
});

const readRoot = () => rootSchema.parse(JSON.parse(readFromRoot('package.json')));

/** The entries of package-lock.json that come from a registry. */
function lockedPackages(): [path: string, z.infer<typeof lockedSchema>][] {
  const lock = z.object({ packages: z.record(z.string(), lockedSchema) });
  const { packages } = lock.parse(JSON.parse(readFromRoot('package-lock.json')));
  return Object.entries(packages).filter(
    ([path, { link }]) => path.includes('node_modules/') && link !== true,
  );
}

test('every package.json has version, licence, repository, description and keywords', () => {
  const { version } = readRoot();
  const files = globSync(WORKSPACES, { cwd: ROOT });
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const manifest = manifestSchema.safeParse(JSON.parse(readFromRoot(file)));
    expect(manifest.error?.message, file).toBeUndefined();
    expect(manifest.data?.version, file).toBe(version);
    expect(`${manifest.data?.repository.directory}/package.json`).toBe(file);
  }
});

test('every locked package has a checksum, and none names a registry', () => {
  const packages = lockedPackages();
  expect(packages.length).toBeGreaterThan(300);
  expect(packages.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
  expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

test('every install script is denied by package name, and an unlisted one fails the install', () => {
  const { allowScripts } = readRoot();
  const scripted = lockedPackages().filter(([, { hasInstallScript }]) => hasInstallScript);
  const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(new Set(names)).toEqual(new Set(Object.keys(allowScripts)));
  expect(Object.values(allowScripts)).not.toContain(true);
  expect(readFromRoot('.npmrc')).toMatch(/^strict-allow-scripts=true$/m);
});

test('the Node of .nvmrc is the one that package-lock.json pins for each platform', () => {
  const versions = Object.entries(readRoot().optionalDependencies)
    .filter(([name]) => name.startsWith('node-'))
    .map(([, version]) => version);
  expect(versions).toHaveLength(2);
  expect(new Set(versions)).toEqual(new Set([readFromRoot('.nvmrc').trim()]));
});
