import { visible } from './visible.ts';

/** Where a command writes: people read tables, machines read JSON. */
export interface Output {
  readonly json: boolean;
  /** Whether a person looks at a terminal that can be redrawn. */
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Overwrites the previous output, on a terminal. */
  redraw(text: string): void;
  /** For progress and errors, separate from the result. */
  note(text: string): void;
}

/** Writes the same content as text or JSON. */
export function show<Row>(
  output: Output,
  { columns, rows, data }: { columns: readonly Column<Row>[]; rows: readonly Row[]; data: unknown },
): void {
  if (output.json) showJson(output, data);
  else output.write(`${table(columns, rows).join('\n')}\n`);
}

/** Writes a value as JSON: over several lines, to be read by people too. */
export function showJson(output: Output, data: unknown): void {
  output.write(`${escaped(JSON.stringify(data, null, 2))}\n`);
}

/** Writes a value as one line of JSON: one of many. */
export function showJsonLine(output: Output, data: unknown): void {
  output.write(`${escaped(JSON.stringify(data))}\n`);
}

/** JSON lets some control characters stand as they are; a terminal obeys them. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

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
