import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MUTANTS, mutantNamed } from './mutants.ts';
import { FAULT_KINDS, type Mode, parseSchedule, SOUND_KINDS } from './schedule.ts';
import type { Order } from './worker-messages.ts';
import { runOnWorkers, type Totals } from './workers.ts';

const USAGE = `npm run sim -- [options]
  --for 60s|10m|1h     how long to run (60s)
  --schedules N        run so many schedules instead
  --seed N             the first seed; by default the time
  --mode M             broadcast, directed or both (both)
  --workers N          processes (2)
  --faults A,B         only these kinds of faults; all: those too that are not sound yet
  --mutant NAME        plant a fault: the run has to fail
  --mutants            run all mutants, and print a table
  --replay FILE        run one schedule
  --trace              print each frame`;

const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

const { values } = parseArgs({
  options: {
    for: { type: 'string' },
    schedules: { type: 'string' },
    seed: { type: 'string' },
    mode: { type: 'string' },
    workers: { type: 'string' },
    faults: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean' },
    replay: { type: 'string' },
    trace: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

function readDuration(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (count === undefined || (unit !== 's' && unit !== 'm' && unit !== 'h')) {
    throw new Error(`--for is ${text}, expected a number with s, m or h: 60s`);
  }
  return Number(count) * UNITS[unit];
}

function readModes(text: string): readonly Mode[] {
  if (text === 'both') return ['broadcast', 'directed'];
  if (text === 'broadcast' || text === 'directed') return [text];
  throw new Error(`--mode is ${text}, expected broadcast, directed or both`);
}

/** Fault kinds that are drawn if none are given. */
function kindsFor(mutant: string | undefined): Order['kinds'] {
  return mutant === undefined ? SOUND_KINDS : (mutantNamed(mutant).needs ?? FAULT_KINDS);
}

function readKinds(text: string): Order['kinds'] {
  if (text === 'all') return FAULT_KINDS;
  const names = text.split(',');
  const unknown = names.find((name) => !FAULT_KINDS.some((kind) => kind === name));
  if (unknown !== undefined)
    throw new Error(`--faults names ${unknown}, expected ${FAULT_KINDS.join(' ')}`);
  return FAULT_KINDS.filter((kind) => names.includes(kind));
}

function orderOf(mutant: string | undefined): Order {
  const replay = values.replay;
  const count = values.schedules;
  return {
    kind: 'run',
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed),
    step: 1,
    schedules: replay === undefined ? Number(count ?? Number.MAX_SAFE_INTEGER) : 1,
    forMs:
      count !== undefined && values.for === undefined
        ? 86_400_000
        : readDuration(values.for ?? '60s'),
    modes: readModes(values.mode ?? 'both'),
    kinds: values.faults === undefined ? kindsFor(mutant) : readKinds(values.faults),
    mutant,
    replay: replay === undefined ? undefined : parseSchedule(readFileSync(replay, 'utf8')),
    trace: values.trace === true,
  };
}

function summary(totals: Totals, seconds: number): string {
  const { schedules, virtualMs, pdus, deliveries, frames, faults } = totals;
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  return [
    `${schedules} schedules, ${(virtualMs / UNITS.h).toFixed(2)} simulated hours, in ${seconds.toFixed(1)} s`,
    `${pdus} PDUs sent, ${deliveries} delivered, ${frames} frames`,
    `faults: ${kinds.join(', ') || 'none'}`,
  ].join('\n');
}

async function run(order: Order, workers: number): Promise<Totals> {
  const begunAt = performance.now();
  process.stdout.write(`seed ${order.seed}, ${workers} workers\n`);
  const totals = await runOnWorkers(order, workers);
  process.stdout.write(`${summary(totals, (performance.now() - begunAt) / 1000)}\n`);
  for (const { schedule, check, problem } of totals.failures) {
    process.stdout.write(
      `FAILED: ${check}\n${problem}\nseed ${schedule.seed}, as short as it could be made:\n`,
    );
    process.stdout.write(`${JSON.stringify(schedule)}\n`);
  }
  return totals;
}

/** Runs every mutant in turn, until each is found or a minute is over. */
async function runMutants(workers: number): Promise<void> {
  let missed = 0;
  for (const { name, breaks } of MUTANTS) {
    const begunAt = performance.now();
    const { schedules, failures } = await runOnWorkers(orderOf(name), workers);
    const [failure] = failures;
    if (failure === undefined) missed++;
    const found = failure === undefined ? 'NOT FOUND' : failure.check;
    const seconds = ((performance.now() - begunAt) / 1000).toFixed(1);
    process.stdout.write(`| ${name} | ${breaks} | ${found} | ${schedules} | ${seconds} |\n`);
  }
  process.exitCode = missed === 0 ? 0 : 1;
}

const workers = Number(values.workers ?? 2);
if (values.help === true) process.stdout.write(`${USAGE}\n`);
else if (values.mutants === true) await runMutants(workers);
else {
  const order = orderOf(values.mutant);
  const { failures } = await run(order, order.replay === undefined ? workers : 1);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
