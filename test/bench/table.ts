import { type CaseResult, type GoalResult, type ScenarioResult, summaryOf } from './results.ts';
import type { FigureSpec, Scenario } from './scenario.ts';
import type { Summary } from './statistics.ts';

/** One scenario with its results. */
export interface Finished {
  readonly scenario: Scenario;
  readonly result: ScenarioResult;
  readonly goals: readonly GoalResult[];
}

const HEADINGS = ['scenario', 'subject', 'figure', 'median', 'least', 'most', 'goal', 'cores'];

/** The table of all results in Markdown: one row per case and figure. */
export function resultTable(all: readonly Finished[]): string {
  return markdownTable(HEADINGS, all.flatMap(rowsOf));
}

function rowsOf({ scenario, result, goals }: Finished): string[][] {
  const results = scenario.figures.filter(({ kind }) => kind === 'result');
  return result.cases.flatMap((one) => {
    const subject = one.at === undefined ? one.subject : `${one.subject}, ${one.at}`;
    return results
      .flatMap((figure) => {
        const summary = summaryOf(one, figure.key);
        return summary === undefined ? [] : [{ figure, summary }];
      })
      .map(({ figure, summary }, row) => {
        const own = goals.filter(({ goal }) => {
          return goal.subject === one.subject && goal.at === one.at && goal.figure === figure.key;
        });
        return [
          ...[scenario.name, subject, figure.heading, ...cellsOf(figure, summary)],
          own.map(describeGoal).join('; '),
          row === 0 ? describeCores(scenario.figures, one) : '',
        ];
      });
  });
}

/** Use of processor time: `itself 1.05, load 0.31`. */
function describeCores(figures: readonly FigureSpec[], one: CaseResult): string {
  return figures
    .filter(({ kind }) => kind === 'cores')
    .flatMap((figure) => {
      const summary = summaryOf(one, figure.key);
      if (summary === undefined) return [];
      const { heading, digits, limitAt } = figure;
      const limit = limitAt !== undefined && summary.median >= limitAt ? ' (THE LIMIT)' : '';
      return [`${heading} ${grouped(summary.median, digits)}${limit}`];
    })
    .join(', ');
}

function describeGoal({ goal, measured, met }: GoalResult): string {
  const [sign, bound] =
    'atLeast' in goal.bound ? ['≥', goal.bound.atLeast] : ['≤', goal.bound.atMost];
  if (goal.against === undefined) return `${sign} ${grouped(bound, 0)}: ${met ? 'met' : 'NOT MET'}`;
  const ratio = `${grouped(measured, 2)} × ${goal.against}`;
  return `${ratio} (${sign} ${bound}: ${met ? 'met' : 'NOT MET'})`;
}

function cellsOf({ digits }: FigureSpec, { median, least, most }: Summary): string[] {
  return [median, least, most].map((value) => grouped(value, digits));
}

function grouped(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString('en', options);
}

const NUMBER = /^[\d.,e+-]+$/;

/** A table with right-aligned number columns. */
export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const columns = headings.map((heading, i) => {
    const cells = rows.map((row) => row[i] ?? '');
    return {
      width: Math.max(heading.length, ...cells.map(({ length }) => length)),
      right: cells.length > 0 && cells.every((cell) => NUMBER.test(cell)),
    };
  });
  const line = (cells: readonly string[]): string =>
    `| ${columns
      .map(({ width, right }, i) => {
        const cell = cells[i] ?? '';
        return right ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(' | ')} |`;
  const rule = columns.map(({ width, right }) => '-'.repeat(width + 1) + (right ? ':' : '-'));
  return [line(headings), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}
