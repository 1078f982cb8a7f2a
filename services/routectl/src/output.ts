import { type Column, table } from './table.ts';

/** Where a command writes: people read tables, machines read JSON. */
export interface Output {
  readonly json: boolean;
  /** Whether a person looks at a terminal that can be redrawn. */
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Writes in place of what was written before, on a terminal. */
  redraw(text: string): void;
  /** Beside the result: what went wrong, or what is being waited for. */
  note(text: string): void;
}

/** Writes the same thing for whoever reads it. */
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
