#!/usr/bin/env node
// Puts the packages of package-lock.json into node_modules when they are missing, and builds the
// console when its sources are newer. Runs before `npm start` and `npm test`, on the machine's own
// Node (18 or newer): on Linux the Node that the project itself needs is one of the packages.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LOCK_FILE = join(ROOT, 'package-lock.json');
const MODULES = join(ROOT, 'node_modules');
/** Which lock file node_modules was installed from. */
const STAMP = join(MODULES, '.installed-from');
/** The lock of a running install; beside node_modules, which npm ci deletes. */
const INSTALL_LOCK = join(ROOT, '.tmp', 'install.lock');
const POLL_MS = 200;
const NEEDED_NODE = 24;

const wanted = createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
if (!isInstalled()) await underLock(install);
buildConsole();

function install() {
  // The previous owner of the lock may have done it.
  if (isInstalled()) return;
  console.log('Installing the packages of package-lock.json (npm ci) ...');
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.error) throw npm.error;
  if (npm.status !== 0) process.exit(npm.status ?? 1);
  writeFileSync(STAMP, wanted);
}

/** Nodes run without a console as well, and report it: a failed build must not stop the install. */
function buildConsole() {
  const build = spawnSync(projectNode(), ['packages/console/src/build.ts'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (build.error) throw build.error;
  if (build.status !== 0) console.error('The console could not be built: nodes run without it.');
}

/** The Node of package-lock.json; where the lock has none for this platform, the machine's own. */
function projectNode() {
  const packaged = join(MODULES, '.bin', 'node');
  if (existsSync(packaged)) return packaged;
  const [major] = process.versions.node.split('.');
  if (Number(major) >= NEEDED_NODE) return process.execPath;
  console.error(
    `Node ${process.version} is too old. package-lock.json has no Node for ${process.platform} ${process.arch}: install Node ${NEEDED_NODE} or newer.`,
  );
  process.exit(1);
}

function isInstalled() {
  if (read(STAMP) === wanted) return true;
  if (!installedByHand()) return false;
  writeFileSync(STAMP, wanted);
  return true;
}

/**
 * Whether npm's own record of node_modules has every package of the lock file: after an `npm
 * install` there is nothing to do. Optional packages are for other platforms and may be missing.
 */
function installedByHand() {
  const record = read(join(MODULES, '.package-lock.json'));
  if (record === undefined) return false;
  const has = JSON.parse(record).packages;
  const wants = JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages;
  return Object.entries(wants).every(([path, { version, resolved, optional, devOptional }]) => {
    if (path === '' || optional || devOptional) return true;
    return (
      has[path] !== undefined && has[path].version === version && has[path].resolved === resolved
    );
  });
}

/** Two installs at once in one tree would delete each other's files: the second waits for the first. */
async function underLock(work) {
  mkdirSync(dirname(INSTALL_LOCK), { recursive: true });
  process.once('exit', () => {
    if (lockOwner() === process.pid) rmSync(INSTALL_LOCK, { force: true });
  });
  let told = false;
  while (!(await takeLock())) {
    if (!told) console.log('Waiting for another npm ci in this folder to end ...');
    told = true;
    await delay(POLL_MS);
  }
  work();
}

async function takeLock() {
  const owner = lockOwner();
  if (owner !== undefined && isAlive(owner)) return false;
  // Its owner has died and left it.
  if (owner !== undefined) rmSync(INSTALL_LOCK, { force: true });
  // A link appears with its content or not at all.
  const mine = `${INSTALL_LOCK}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, INSTALL_LOCK);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
  // Another process that found the same dead owner may just have replaced this lock.
  await delay(POLL_MS);
  return lockOwner() === process.pid;
}

function lockOwner() {
  const pid = read(INSTALL_LOCK);
  return pid === undefined ? undefined : Number(pid);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
