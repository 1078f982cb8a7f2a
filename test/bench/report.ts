import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { Effort } from './scenario.ts';
import { curvesOf, drawPlot } from './svg-plot.ts';
import { type Finished, resultTable } from './table.ts';

/** A whole run. */
export interface Report {
  readonly machine: Machine;
  readonly effort: Effort;
  readonly finished: readonly Finished[];
  /** Output folder; created if missing. */
  readonly folder: string;
}

/** Writes results.json, results.md and the plots; returns the table and the file names. */
export async function writeReport(
  report: Report,
): Promise<{ readonly table: string; readonly files: readonly string[] }> {
  const { machine, effort, finished, folder } = report;
  const json = {
    measuredAt: new Date().toISOString(),
    machine,
    effort,
    scenarios: finished.map(({ result, goals }) => ({ ...result, goals })),
  };
  const table = resultTable(finished);
  const contents = [
    { name: 'results.json', content: `${JSON.stringify(json, null, 2)}\n` },
    { name: 'results.md', content: `${describe(machine)}\n\n${table}\n` },
    ...finished.flatMap(drawPlots),
  ];
  await mkdir(folder, { recursive: true });
  for (const { name, content } of contents) await writeFile(join(folder, name), content);
  return { table, files: contents.map(({ name }) => join(folder, name)) };
}

function describe({ cpu, cores, memoryGib, system, node, redis, nats }: Machine): string {
  const versions = `Node ${node}, Redis ${redis}, ${nats}`;
  return `${cores} cores of ${cpu}, ${memoryGib} GiB, ${system}; ${versions}`;
}

function drawPlots({ scenario, result }: Finished): { name: string; content: string }[] {
  return scenario.plots.flatMap((plot) => {
    const curves = curvesOf(plot, result);
    return curves.length === 0
      ? []
      : [{ name: `${plot.file}.svg`, content: drawPlot(plot, curves) }];
  });
}
