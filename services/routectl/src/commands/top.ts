import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { bytes, count, moment, plural } from '../human.ts';
import { lookAt, type Sample, withRates } from '../node-samples.ts';
import { NODE_COLUMNS, nodeData } from '../node-table.ts';
import { type Output, showJsonLine, table } from '../output.ts';
import type { Bind, Session } from '../session.ts';
import { untilSignal } from '../until-signal.ts';
import { wholeNumber } from './arguments.ts';

interface TopOptions {
  readonly interval: number;
  readonly count: number;
}

export function addTop(program: Command, bind: Bind): void {
  program
    .command('top')
    .description('the same as status, live')
    .option('--interval <ms>', 'how often to look', wholeNumber(100, 600_000), 1000)
    .option(
      '--count <n>',
      'how often in all (default: until Ctrl-C)',
      wholeNumber(1, 1_000_000),
      Number.POSITIVE_INFINITY,
    )
    .addHelpText(
      'after',
      `
With --json, a line of JSON for each look.

Examples:
  routectl top
  routectl top --interval 5000
  routectl top --json --count 60 > an-hour.jsonl`,
    )
    .action(bind(top));
}

async function top(session: Session, { interval, count: looks }: TopOptions): Promise<ExitCode> {
  await untilSignal(async (signal) => {
    let { nodes } = await session.findNodes();
    let before: Sample[] = await lookAt(nodes);
    for (let look = 0; look < looks && !signal.aborted; look++) {
      // An aborted delay ends the loop by its condition.
      await delay(interval, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      // Nodes join and leave; while the list is unavailable, the known ones are shown.
      nodes = await session.findNodes().then(
        (found) => found.nodes,
        (error: unknown) => {
          if (error instanceof CommandError) return nodes;
          throw error;
        },
      );
      const now = withRates(before, await lookAt(nodes));
      draw(session.output, now);
      before = now;
    }
  });
  return EXIT.ok;
}

function draw(output: Output, samples: readonly Sample[]): void {
  if (output.json) {
    showJsonLine(output, { atMs: Date.now(), nodes: samples.map(nodeData) });
    return;
  }
  const head = `${moment(Date.now())}  ${totalsOf(samples)}`;
  const lines = [head, '', ...table(NODE_COLUMNS, samples), ''];
  output.redraw(`${lines.join('\n')}\n`);
}

function totalsOf(samples: readonly Sample[]): string {
  const views = samples.flatMap(({ answer }) => (answer.kind === 'answered' ? [answer.value] : []));
  const rates = samples.flatMap((sample) => sample.rates ?? []);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  return [
    plural(samples.length, 'node'),
    plural(sum(views.map(({ links }) => links.open)), 'link'),
    `${count(sum(views.map(({ presence }) => presence.users)))} users`,
    `${count(sum(rates.map(({ pdusIn }) => pdusIn)))} PDUs/s in`,
    `${bytes(sum(rates.map(({ bytesOut }) => bytesOut)))}/s out`,
    `${bytes(sum(rates.map(({ busBytesOut }) => busBytesOut)))}/s on the bus`,
  ].join(', ');
}
