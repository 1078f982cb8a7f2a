import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { until } from '@route/local-cluster';
import type { CaseResult, ScenarioResult } from './results.ts';
import {
  type Effort,
  OTHER_CORES,
  type Preparation,
  type Reading,
  type Scenario,
} from './scenario.ts';
import { usageDuring } from './usage.ts';

/** Receives lines for the user. */
export interface Progress {
  /** Replaces the progress line. */
  show(line: string): void;
}

/**
 * Measures a scenario's cases in turn, round by round, so that changes on the machine affect all of
 * them.
 */
export async function runScenario(
  scenario: Scenario,
  preparation: Preparation,
  progress: Progress,
): Promise<ScenarioResult> {
  const { effort } = preparation;
  const rounds = Math.min(effort.rounds, scenario.mostRounds ?? effort.rounds);
  progress.show(`${scenario.name}: preparing`);
  const cases = await scenario.cases(preparation);
  const readings: Reading[][] = cases.map(() => []);
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [i, { subject, at, measure }] of cases.entries()) {
      const which = at === undefined ? subject : `${subject} at ${at}`;
      progress.show(`${scenario.name}: round ${round} of ${rounds}: ${which}`);
      try {
        readings[i]?.push(await undisturbed(effort, () => measure(effort)));
      } catch (error) {
        // One failure must not discard minutes of results of the other cases.
        readings[i]?.push({});
        failures.push(`${scenario.name}, ${which}: ${inspect(error)}`);
      }
    }
  }
  const results = cases.map(({ subject, at }, i): CaseResult => {
    return { subject, ...(at !== undefined && { at }), readings: readings[i] ?? [] };
  });
  return { scenario: scenario.name, cases: results, failures };
}

/** Share of a processor used by other programs above which a reading counts as disturbed. */
const DISTURBED_CORES = 0.25;
const CALM_LOOK_MS = 200;
const CALM_DEADLINE_MS = 5_000;

/** Returns the first undisturbed reading, or the least disturbed of several. */
async function undisturbed(
  { attempts }: Effort,
  measure: () => Promise<Reading>,
): Promise<Reading> {
  if (attempts > 1) await calm();
  let best = await measure();
  for (let attempt = 2; attempt <= attempts && others(best) > DISTURBED_CORES; attempt++) {
    await calm();
    const reading = await measure();
    if (others(reading) < others(best)) best = reading;
  }
  return best;
}

/** Waits briefly for the machine to become idle. */
async function calm(): Promise<void> {
  await until(async () => {
    const { usage } = await usageDuring({ pids: [] }, () => delay(CALM_LOOK_MS));
    return usage.machineCores <= DISTURBED_CORES;
  }, CALM_DEADLINE_MS);
}

function others(reading: Reading): number {
  return reading[OTHER_CORES] ?? 0;
}
