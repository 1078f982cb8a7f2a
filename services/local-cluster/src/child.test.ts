import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from './child.ts';
import { until } from './until.ts';

const CHILD = JSON.stringify(new URL('./child.ts', import.meta.url).href);

/** A folder for logs, removed at the end of its scope. */
async function logFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'route-child-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test('kills a child that has not exited when its grace time is over', async () => {
  await using folder = await logFolder();
  const child = await startChild({
    command: 'sh',
    args: ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'],
    logFile: join(folder.path, 'log'),
  });
  expect(await until(async () => (await child.lastLogLines(1)) === 'ready', 5_000)).toBe(true);
  expect(child.exit()).toBeUndefined();
  expect(await child.stop(50)).toBe('signal SIGKILL');
  expect(child.exit()).toBe('signal SIGKILL');
});

test('a missing command is an error', async () => {
  await using folder = await logFolder();
  const spec = { command: '/nowhere/program', args: [], logFile: join(folder.path, 'log') };
  await expect(startChild(spec)).rejects.toThrow('ENOENT');
});

test('a child does not outlive a parent that is killed', async () => {
  await using folder = await logFolder();
  const logFile = join(folder.path, 'log');
  // The child itself reports its end: its process id may stay in the table until it is reaped.
  const loop = 'trap "echo ended; exit" TERM; echo ready; while :; do sleep 0.05; done';
  const spec = { command: 'sh', args: ['-c', loop], logFile };
  const script = `
    const { startChild } = await import(${CHILD});
    await startChild(${JSON.stringify(spec)});
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const logSays = (text: string): Promise<boolean> =>
    until(async () => (await readFile(logFile, 'utf8').catch(() => '')) === text, 30_000);
  expect(await logSays('ready\n')).toBe(true);
  parent.kill('SIGKILL');
  expect(await logSays('ready\nended\n')).toBe(true);
});
