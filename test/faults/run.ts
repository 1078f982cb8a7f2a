import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DELIVERY_MODES, DELIVERY_VARIABLE } from './delivery.ts';
import {
  FIGURES_FILE_VARIABLE,
  type Figures,
  figuresTable,
  isFigures,
  type Summary,
  summarise,
} from './figures.ts';
import { SEED_VARIABLE } from './seed.ts';

const USAGE = `Usage: npm run test:faults -- [--seed N] [--only NAME] [--delivery MODE] | --table FILE [--table FILE ...]

Injects faults into a cluster of real processes under load and prints a table of the results.

  --seed N         repeat the run with this printed seed; without --only, the random schedule
  --only NAME      only tests whose names match this regular expression
  --delivery MODE  delivery mode of the nodes: broadcast (the default) or directed
  --table FILE     run no tests; print one table of the figures of several runs, stored as below

${FIGURES_FILE_VARIABLE}=FILE stores the figures, one JSON line per fault.
`;

/** The tests that a seed alone selects. */
const RANDOM_SCHEDULES = 'random schedule';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    only: { type: 'string' },
    delivery: { type: 'string', default: 'broadcast' },
    table: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (values.table !== undefined) {
  printTable(values.table, summarise);
  process.exit(0);
}
if (values.seed !== undefined && !/^\d{1,10}$/.test(values.seed)) {
  process.stderr.write(`--seed is ${values.seed}, expected a whole number\n${USAGE}`);
  process.exit(2);
}
if (!DELIVERY_MODES.some((mode) => mode === values.delivery)) {
  process.stderr.write(
    `--delivery is ${values.delivery}, expected one of ${DELIVERY_MODES.join(', ')}\n${USAGE}`,
  );
  process.exit(2);
}

const only = values.only ?? (values.seed === undefined ? undefined : RANDOM_SCHEDULES);
const folder = mkdtempSync(join(tmpdir(), 'fault-figures-'));
const figuresFile = process.env[FIGURES_FILE_VARIABLE] || join(folder, 'figures.jsonl');
const figuresBefore = figuresIn(figuresFile).length;
const args = ['run', '--config', 'test/faults/vitest.config.ts'];
if (only !== undefined) args.push('--testNamePattern', only);
const packageFile = fileURLToPath(import.meta.resolve('vitest/package.json'));
const vitestProgram = join(dirname(packageFile), 'vitest.mjs');
const vitest = spawn(process.execPath, [vitestProgram, ...args], {
  stdio: 'inherit',
  env: {
    ...process.env,
    [FIGURES_FILE_VARIABLE]: figuresFile,
    [DELIVERY_VARIABLE]: values.delivery,
    ...(values.seed !== undefined && { [SEED_VARIABLE]: values.seed }),
  },
});
// Ctrl-C also reaches vitest, which stops its processes; the table is printed after that.
process.on('SIGINT', () => {});
const [status]: unknown[] = await once(vitest, 'exit');
printTable([figuresFile], (all) => all.map((figures) => ({ ...figures, runs: 1 })));
const ranNone = figuresIn(figuresFile).length === figuresBefore;
rmSync(folder, { recursive: true, force: true });
if (status === 0 && ranNone) {
  process.stderr.write(
    `--only is ${only ?? 'not given'}, expected part of a test's name: none was run\n`,
  );
  process.exit(2);
}
process.exit(typeof status === 'number' ? status : 1);

function printTable(
  files: readonly string[],
  toSummaries: (all: readonly Figures[]) => readonly Summary[],
): void {
  const all = files.flatMap(figuresIn);
  if (all.length === 0) return;
  process.stdout.write(`\n${figuresTable(toSummaries(all))}\n`);
}

function figuresIn(file: string): readonly Figures[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  const all = lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
  return all.filter(isFigures);
}
