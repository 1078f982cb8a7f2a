import type { Goal, Reading, Scenario } from './scenario.ts';
import { type Summary, summarise } from './statistics.ts';

/** All readings of one case, in the order of the rounds. */
export interface CaseResult {
  readonly subject: string;
  readonly at?: string;
  /** Empty where a measurement failed. */
  readonly readings: readonly Reading[];
}

/** The result of a scenario. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly cases: readonly CaseResult[];
  /** Why measurements failed, as text. */
  readonly failures: readonly string[];
}

/** A goal and its measured value. */
export interface GoalResult {
  readonly goal: Goal;
  /** The median, or the median of each round's ratio. */
  readonly measured: number;
  readonly met: boolean;
}

/** The summary of one figure of a case; undefined where no reading has it. */
export function summaryOf({ readings }: CaseResult, figure: string): Summary | undefined {
  const values = readings.map((reading) => reading[figure]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : summarise(values);
}

/** The goals of a scenario for which there are figures. */
export function judgeGoals(scenario: Scenario, result: ScenarioResult): GoalResult[] {
  return scenario.goals.flatMap((goal) => {
    const measured = measuredFor(goal, result);
    if (measured === undefined) return [];
    const { bound } = goal;
    const met = 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost;
    return [{ goal, measured, met }];
  });
}

function measuredFor(goal: Goal, { cases }: ScenarioResult): number | undefined {
  const find = (subject: string): CaseResult | undefined =>
    cases.find((one) => one.subject === subject && one.at === goal.at);
  const own = find(goal.subject);
  if (own === undefined) return undefined;
  if (goal.against === undefined) return summaryOf(own, goal.figure)?.median;
  const other = find(goal.against);
  // Readings of one round are consecutive, so other load on the machine affects both.
  const ratios = own.readings.flatMap((reading, round) => {
    const mine = reading[goal.figure];
    const theirs = other?.readings[round]?.[goal.figure];
    return mine === undefined || theirs === undefined ? [] : [mine / theirs];
  });
  return ratios.length === 0 ? undefined : summarise(ratios).median;
}
