import type { CaseResult, ScenarioResult } from './results.ts';
import type { Preparation, Reading, Scenario } from './scenario.ts';

/** Takes lines for the person who waits. */
export interface Progress {
  /** Replaces the progress line. */
  show(line: string): void;
}

/**
 * Measures a scenario's cases in turn, round by round, so that what changes on the machine meanwhile
 * weighs on all of them.
 */
export async function runScenario(
  scenario: Scenario,
  preparation: Preparation,
  progress: Progress,
): Promise<ScenarioResult> {
  const { effort } = preparation;
  progress.show(`${scenario.name}: preparing`);
  const cases = await scenario.cases(preparation);
  const readings: Reading[][] = cases.map(() => []);
  for (let round = 1; round <= effort.rounds; round++) {
    for (const [i, { subject, at, measure }] of cases.entries()) {
      const which = at === undefined ? subject : `${subject} at ${at}`;
      progress.show(`${scenario.name}: round ${round} of ${effort.rounds}: ${which}`);
      try {
        readings[i]?.push(await measure(effort));
      } catch (error) {
        throw new Error(`${scenario.name}, ${which}: cannot be measured`, { cause: error });
      }
    }
  }
  const results = cases.map(({ subject, at }, i): CaseResult => {
    return { subject, ...(at !== undefined && { at }), readings: readings[i] ?? [] };
  });
  return { scenario: scenario.name, cases: results };
}
