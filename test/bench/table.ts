import { type GoalResult, type ScenarioResult, summaryOf } from './results.ts';
import type { FigureSpec, Scenario } from './scenario.ts';
import type { Summary } from './statistics.ts';

/** One scenario with what it came to. */
export interface Finished {
  readonly scenario: Scenario;
  readonly result: ScenarioResult;
  readonly goals: readonly GoalResult[];
}

const HEADINGS = ['scenario', 'subject', 'figure', 'median', 'least', 'most'] as const;

/** The table of all that was measured, in Markdown: one row a case and figure. */
export function resultTable(all: readonly Finished[]): string {
  const rows = all.flatMap(({ scenario, result }) =>
    result.cases.flatMap((one) =>
      scenario.figures.flatMap((figure) => {
        const summary = summaryOf(one, figure.key);
        if (summary === undefined) return [];
        const subject = one.at === undefined ? one.subject : `${one.subject} at ${one.at}`;
        return [[scenario.name, subject, figure.heading, ...cellsOf(figure, summary)]];
      }),
    ),
  );
  return markdownTable(HEADINGS, rows);
}

/** The table of what was aimed at. */
export function goalTable(all: readonly Finished[]): string {
  const rows = all.flatMap(({ scenario, goals }) =>
    goals.map(({ goal, measured, met }) => {
      return [scenario.name, goal, measured.toPrecision(3), met ? 'yes' : 'NO'];
    }),
  );
  return rows.length === 0 ? '' : markdownTable(['scenario', 'goal', 'measured', 'met'], rows);
}

function cellsOf({ digits }: FigureSpec, { median, least, most }: Summary): string[] {
  return [median, least, most].map((value) => grouped(value, digits));
}

function grouped(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString('en', options);
}

const NUMBER = /^[\d.,e+-]+$/;

/** A table whose columns of numbers are set right. */
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
