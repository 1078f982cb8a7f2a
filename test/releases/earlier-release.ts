import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Release } from './releases.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const MAX_OUTPUT = 1024 * 1024;

/** A release as it was, installed in a folder that goes with the scope. */
export interface InstalledRelease extends AsyncDisposable {
  /** What starts a node of it. */
  readonly program: string;
}

/**
 * Checks a release out of the history and installs it. Where it needs the packages that are
 * installed here, it gets these; otherwise npm fetches its own.
 * @throws Error that names the commit and what to do, where the clone does not have it.
 */
export async function installRelease({ version, commit }: Release): Promise<InstalledRelease> {
  if (commit === null) throw new Error(`release ${version} has no commit yet`);
  await expectCommit(version, commit);
  const folder = await mkdtemp(join(tmpdir(), `route-release-${version}-`));
  const installed: InstalledRelease = {
    program: join(folder, 'services/route-node/bin/route-node.js'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    const archive = join(folder, 'release.tar');
    await run('git', ['-C', ROOT, 'archive', '--output', archive, commit]);
    await run('tar', ['-xf', archive, '-C', folder]);
    if (await needsSamePackages(folder)) await linkPackages(folder);
    else await run('npm', INSTALL, { cwd: folder, maxBuffer: MAX_OUTPUT });
    return installed;
  } catch (error) {
    await installed[Symbol.asyncDispose]();
    throw error;
  }
}

const INSTALL = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];

async function expectCommit(version: string, commit: string): Promise<void> {
  try {
    await run('git', ['-C', ROOT, 'cat-file', '-e', `${commit}^{commit}`]);
  } catch (error) {
    throw new Error(
      `release ${version} is commit ${commit} (releases.json), which this clone does not have: this test needs the whole history (git fetch --unshallow; in CI a checkout without a depth)`,
      { cause: error },
    );
  }
}

/** Whether a tree needs exactly the packages from outside that this one has installed. */
async function needsSamePackages(folder: string): Promise<boolean> {
  const [here, there] = await Promise.all([ROOT, folder].map(outsidePackages));
  return here !== undefined && here === there;
}

async function outsidePackages(folder: string): Promise<string> {
  const lock: unknown = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
  const packages = Object.entries(Object(lock)['packages']).filter(
    ([path, entry]) => path.includes('node_modules/') && Object(entry)['link'] !== true,
  );
  return JSON.stringify(packages.map(([path, entry]) => [path, Object(entry)['integrity']]));
}

/** Links what is installed here, and the tree's own workspaces, as npm does. */
async function linkPackages(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@route'), { recursive: true });
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@route') await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  for (const path of await workspacesOf(folder)) {
    const { name } = Object(JSON.parse(await readFile(join(folder, path, 'package.json'), 'utf8')));
    await symlink(join(folder, path), join(modules, String(name)));
    const own = join(ROOT, path, 'node_modules');
    if (existsSync(own)) await symlink(own, join(folder, path, 'node_modules'));
  }
}

/** The folders of a tree's workspaces, from its list of them: folders, and folders of folders. */
async function workspacesOf(folder: string): Promise<string[]> {
  const { workspaces } = Object(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  const paths: string[] = [];
  for (const pattern of Object.values<string>(workspaces)) {
    if (!pattern.endsWith('/*')) paths.push(pattern);
    else {
      const parent = dirname(pattern);
      for (const name of await readdir(join(folder, parent))) paths.push(join(parent, name));
    }
  }
  return paths.filter((path) => existsSync(join(folder, path, 'package.json')));
}
