import { visible } from './visible.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: 'left' | 'right';
  text(row: Row): string;
}

const GAP = '  ';

/** A table for people: as wide as its texts, titles in capitals. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map(({ text }) => visible(text(row))));
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => (row[i] ?? '').length)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => {
        const width = widths[i] ?? 0;
        return columns[i]?.align === 'right' ? text.padStart(width) : text.padEnd(width);
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title.toUpperCase())), ...cells.map(line)];
}
