import { expect, test } from 'vitest';
import { judgeGoals } from './results.ts';
import type { Scenario } from './scenario.ts';
import { markdownTable, resultTable } from './table.ts';

test('number columns are right-aligned, others left-aligned', () => {
  const rows = [
    ['relay', '1,200'],
    ['latency', '3'],
  ];
  expect(markdownTable(['scenario', 'n'], rows).split('\n')).toEqual([
    '| scenario |     n |',
    '|----------|------:|',
    '| relay    | 1,200 |',
    '| latency  |     3 |',
  ]);
});

test('a row has the spread, the goal and the use of processor time', () => {
  const goal = { subject: 'ours', figure: 'rate', against: 'theirs', bound: { atLeast: 4 } };
  const scenario: Scenario = {
    name: 'relay',
    meaning: '',
    plots: [],
    goals: [goal],
    figures: [
      { key: 'rate', heading: 'delivered/s', digits: 0, kind: 'result' },
      { key: 'own', heading: 'itself', digits: 2, kind: 'cores' },
    ],
    cases: async () => [],
  };
  const cases = [
    {
      subject: 'ours',
      readings: [
        { rate: 9000, own: 1 },
        { rate: 8000, own: 0.5 },
      ],
    },
    { subject: 'theirs', readings: [{ rate: 3000 }, { rate: 2000 }] },
  ];
  const result = { scenario: 'relay', cases, failures: [] };
  const table = resultTable([{ scenario, result, goals: judgeGoals(scenario, result) }]);
  const cells = table.split('\n').map((line) => line.split(/ *\| */).slice(1, -1));
  expect(cells[2]).toEqual([
    ...['relay', 'ours', 'delivered/s', '8,500', '8,000', '9,000'],
    ...['3.50 × theirs (≥ 4: NOT MET)', 'itself 0.75'],
  ]);
  expect(cells[3]?.slice(1, 4)).toEqual(['theirs', 'delivered/s', '2,500']);
});
