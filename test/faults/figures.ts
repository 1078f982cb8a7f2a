import { appendFileSync } from 'node:fs';
import type { Totals } from '../traffic/index.ts';

/**
 * The environment variable with the file that receives one JSON line per fault; without it nothing
 * is written.
 */
export const FIGURES_FILE_VARIABLE = 'ROUTE_FAULTS_FIGURES';

/** The figures of one fault: a row of the table in docs/guarantees.md. */
export interface Figures extends Totals {
  readonly fault: string;
  readonly seed: number;
  /** From the end of the fault; undefined where presence was not checked. */
  readonly exactAfterSeconds?: number;
  /** Of the node with the highest value. */
  readonly peakMemoryBytes?: number;
  /** Of links that did not lag. */
  readonly p99Ms?: number;
}

/** Writes figures for the table. */
export function recordFigures(figures: Figures): void {
  const file = process.env[FIGURES_FILE_VARIABLE];
  if (file !== undefined && file !== '') appendFileSync(file, `${JSON.stringify(figures)}\n`);
}

/** Whether a parsed line contains figures. */
export function isFigures(value: unknown): value is Figures {
  return typeof value === 'object' && value !== null && 'fault' in value && 'sent' in value;
}

/** Combines figures of several runs of a fault: sums of counts, maxima of times and memory. */
export interface Summary extends Figures {
  readonly runs: number;
}

/** One summary per fault, in order of first appearance; random schedules are one fault. */
export function summarise(all: readonly Figures[]): Summary[] {
  const byFault = Map.groupBy(all, ({ fault }) => fault.replace(/^(random schedule) .*$/, '$1s'));
  return [...byFault].map(([fault, runs]) => {
    const sum = (of: (figures: Figures) => number): number =>
      runs.reduce((total, figures) => total + of(figures), 0);
    const worst = (of: (figures: Figures) => number | undefined): number | undefined => {
      const values = runs.map(of).filter((value) => value !== undefined);
      return values.length === 0 ? undefined : Math.max(...values);
    };
    const exactAfterSeconds = worst((figures) => figures.exactAfterSeconds);
    const peakMemoryBytes = worst((figures) => figures.peakMemoryBytes);
    const p99Ms = worst((figures) => figures.p99Ms);
    return {
      fault,
      seed: 0,
      runs: runs.length,
      sent: sum(({ sent }) => sent),
      delivered: sum(({ delivered }) => delivered),
      lost: sum(({ lost }) => lost),
      doubled: sum(({ doubled }) => doubled),
      reordered: sum(({ reordered }) => reordered),
      unexpected: sum(({ unexpected }) => unexpected),
      cutOff: sum(({ cutOff }) => cutOff),
      ...(exactAfterSeconds !== undefined && { exactAfterSeconds }),
      ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
      ...(p99Ms !== undefined && { p99Ms }),
    };
  });
}

const COLUMNS: readonly (readonly [heading: string, of: (figures: Summary) => string])[] = [
  ['fault', ({ fault }) => fault],
  ['runs', ({ runs }) => grouped(runs)],
  ['PDUs sent', ({ sent }) => grouped(sent)],
  ['delivered', ({ delivered }) => grouped(delivered)],
  ['lost', ({ lost }) => grouped(lost)],
  ['doubled', ({ doubled, unexpected }) => grouped(doubled + unexpected)],
  ['reordered', ({ reordered }) => grouped(reordered)],
  ['cut off with a node', ({ cutOff }) => grouped(cutOff)],
  ['exact after, s', ({ exactAfterSeconds }) => exactAfterSeconds?.toFixed(1) ?? ''],
  ['p99, ms', ({ p99Ms }) => p99Ms?.toFixed(1) ?? ''],
  ['peak memory, MiB', ({ peakMemoryBytes }) => mebibytes(peakMemoryBytes)],
];

/** Formats summaries as a Markdown table. */
export function figuresTable(all: readonly Summary[]): string {
  const rows = all.map((figures) => COLUMNS.map(([, of]) => of(figures)));
  const headings = COLUMNS.map(([heading]) => heading);
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => pad(cell, widths[i] ?? 0, i === 0)).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => '-'.repeat(width + 1) + (i === 0 ? '-' : ':')).join('|')}|`;
  return [line(headings), rule, ...rows.map(line)].join('\n');
}

function pad(text: string, width: number, left: boolean): string {
  return left ? text.padEnd(width) : text.padStart(width);
}

function grouped(n: number): string {
  return n.toLocaleString('en');
}

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? '' : (bytes / 2 ** 20).toFixed(0);
}
