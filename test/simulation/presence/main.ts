import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { MUTANTS, mutantNamed } from './mutants.ts';
import { changeSources, FEWER_SHARDS } from './source-changes.ts';

const KEPT = join(import.meta.dirname, 'schedules');

const USAGE = `npm run sim -- presence [options]
  --for 60s|10m|1h   how long to run (60s)
  --schedules N      run so many schedules instead
  --seed N           the first seed; by default the time
  --mutant NAME      plant a fault: the run has to fail
  --mutants          names all mutants
  --replay FILE      run the schedule of a file, and print what happens in it
  --kept             run the kept schedules first
  --verbose          print what happens
  --no-shrink        leave a failing schedule as it is`;

const { values } = parseArgs({
  options: {
    for: { type: 'string', default: '60s' },
    schedules: { type: 'string' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    replay: { type: 'string' },
    kept: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    keep: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

function durationOf(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (count === undefined || (unit !== 's' && unit !== 'm' && unit !== 'h')) {
    throw new Error(`--for is ${text}, expected a number with s, m or h, as in 60s`);
  }
  return Number(count) * UNITS[unit];
}

if (values.help) {
  process.stdout.write(`${USAGE}\n`);
} else if (values.mutants) {
  process.stdout.write(`${MUTANTS.map(({ name, breaks }) => `${name}: ${breaks}`).join('\n')}\n`);
} else {
  const planted = values.mutant === undefined ? [] : mutantNamed(values.mutant).changes;
  changeSources([...FEWER_SHARDS, ...planted]);
  // Imported here, so that its modules are loaded with the changes.
  const { runSeeds } = await import('./seeds.ts');
  const replayed = values.replay;
  const kept = values.kept ? readdirSync(KEPT).map((name) => join(KEPT, name)) : [];
  const files = replayed === undefined ? kept : [replayed];
  const failures = await runSeeds({
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed),
    schedules: replayed !== undefined ? 0 : Number(values.schedules ?? Number.POSITIVE_INFINITY),
    forMs: values.schedules === undefined ? durationOf(values.for) : Number.POSITIVE_INFINITY,
    replays: new Map(files.map((file) => [basename(file), readFileSync(file, 'utf8')])),
    verbose: values.verbose || replayed !== undefined,
    shrinks: !values['no-shrink'] && values.mutant === undefined,
    failuresToKeep: Number(values.keep),
    print: (line) => process.stdout.write(`${line}\n`),
  });
  // Exits explicitly, because the nodes of the last run never end on their own.
  process.exit(failures === 0 ? 0 : 1);
}
