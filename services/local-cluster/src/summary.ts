import type { NodeSpec } from './node-process.ts';

/** Data for the final lines of a start. */
export interface Summary {
  readonly nodes: readonly NodeSpec[];
  /** The nodes' shared store, or a text that they share none. */
  readonly redis: string;
  readonly logFolder: string;
}

/** The table of addresses, and further steps. */
export function renderSummary({ nodes, redis, logFolder }: Summary): string {
  const header = ['', 'links', 'admin', 'metrics'];
  const rows = nodes.map(({ listen, adminListen }, index) => [
    `node ${index + 1}`,
    listen,
    `http://${adminListen}`,
    `http://${adminListen}/metrics`,
  ]);
  const [first] = nodes;
  const [host, port] = first === undefined ? [] : first.listen.split(/:(?=\d+$)/);
  const target = host === '0.0.0.0' ? "(this machine's address)" : host;
  return [
    '',
    ...renderTable([header, ...rows]),
    '',
    `Redis   ${redis}`,
    `Logs    ${logFolder}`,
    '',
    `msg_server's configuration, for example: RouteServerIP1=${target}  RouteServerPort1=${port}`,
    'Ctrl-C stops all of it.',
    '',
  ].join('\n');
}

function renderTable(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('   ')
      .trimEnd(),
  );
}
