import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freshSeed } from '../fresh-seed.ts';
import { ROOT } from '../hooks.ts';
import { MUTANTS } from './mutants.ts';

const SCHEDULES = new URL('./schedules/', import.meta.url);
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Runs the simulation in a separate process, because it replaces the clock of its process. */
async function simulate(...options: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const output = await text(child.stdout);
  return { code: await exited, output };
}

function digestOf(output: string): string | undefined {
  return /digest (\d+)/.exec(output)?.[1];
}

test('fresh schedules break no check', { timeout: 180_000 }, async () => {
  const { code, output } = await simulate('--seed', String(freshSeed()), '--for', '60s');
  process.stdout.write(output);
  expect(output).not.toContain('FAILED');
  expect(code).toBe(0);
});

// Plans from failing seeds, shrunk if possible.
test.each(readdirSync(SCHEDULES))(
  '%s breaks no check any more',
  { timeout: 60_000 },
  async (file) => {
    const { code, output } = await simulate('--replay', fileURLToPath(new URL(file, SCHEDULES)));
    expect(output).not.toContain('FAILED');
    expect(code).toBe(0);
  },
);

test('a seed repeats a run exactly', { timeout: 180_000 }, async () => {
  const [first, again, other] = await Promise.all([
    simulate('--seed', '7', '--schedules', '2'),
    simulate('--seed', '7', '--schedules', '2'),
    simulate('--seed', '8', '--schedules', '2'),
  ]);
  expect(digestOf(first.output)).toMatch(/^\d+$/);
  expect(digestOf(again.output)).toBe(digestOf(first.output));
  expect(digestOf(other.output)).not.toBe(digestOf(first.output));
});

test.each(MUTANTS)('mutant $name can be planted', ({ changes }) => {
  for (const { file, find } of changes) {
    const source = readFileSync(`${ROOT}${file}`, 'utf8');
    expect(source.split(find).length, `${file}: ${find}`).toBe(2);
  }
});
