import { type Run, runToEnd } from '@route/fixtures';

/** Runs routectl until it exits, with this environment alone. */
export function runRoutectl(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  return runToEnd('services/routectl/bin/routectl.js', args, { env });
}

/** A table's rows, each by its column's title in lower case. Cells are two blanks apart. */
export function readTable(stdout: string): Record<string, string>[] {
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    title: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
  return lines.map((line) => {
    const cells = [...line.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
      text: match[0],
      start: match.index,
      end: match.index + match[0].length,
    }));
    return Object.fromEntries(
      starts.map(({ title, start, end }) => {
        const cell = cells.find((one) => one.start < end && one.end > start);
        return [title, cell?.text ?? ''];
      }),
    );
  });
}
