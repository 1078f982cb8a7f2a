import { expect, test } from 'vitest';
import { judgeGoals, type ScenarioResult } from './results.ts';
import type { Goal, Scenario } from './scenario.ts';

function judge(goal: Goal, result: ScenarioResult) {
  const scenario: Scenario = {
    name: 'relay',
    meaning: '',
    figures: [],
    plots: [],
    goals: [goal],
    cases: async () => [],
  };
  return judgeGoals(scenario, result).map(({ measured, met }) => ({ measured, met }));
}

const result: ScenarioResult = {
  scenario: 'relay',
  failures: [],
  cases: [
    { subject: 'ours', readings: [{ rate: 90 }, { rate: 40 }, { rate: 100 }] },
    { subject: 'theirs', readings: [{ rate: 30 }, { rate: 10 }, { rate: 20 }] },
  ],
};

test('a ratio is computed within each round, and the median of the rounds is the result', () => {
  const goal = { subject: 'ours', figure: 'rate', against: 'theirs' };
  expect(judge({ ...goal, bound: { atLeast: 4 } }, result)).toEqual([{ measured: 4, met: true }]);
  expect(judge({ ...goal, bound: { atLeast: 5 } }, result)).toEqual([{ measured: 4, met: false }]);
});

test('a goal without a peer is checked against the median', () => {
  const goal = { subject: 'ours', figure: 'rate', bound: { atMost: 89 } };
  expect(judge(goal, result)).toEqual([{ measured: 90, met: false }]);
});

test('a goal with an unmeasured peer is not checked', () => {
  const goal = { subject: 'ours', figure: 'rate', against: 'absent', bound: { atLeast: 1 } };
  expect(judge(goal, result)).toEqual([]);
});
