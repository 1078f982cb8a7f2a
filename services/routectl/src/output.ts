import { type Column, table } from './table.ts';

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
