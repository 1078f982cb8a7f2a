import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { duration, plural } from '../human.ts';
import { lookTwice } from '../node-samples.ts';
import { isWell, NODE_COLUMNS, nodeData } from '../node-table.ts';
import { hasLeft } from '../nodes.ts';
import { show } from '../output.ts';
import type { Bind, Session } from '../session.ts';
import { wholeNumber } from './arguments.ts';

interface StatusOptions {
  readonly over: number;
}

export function addStatus(program: Command, bind: Bind): void {
  program
    .command('status')
    .description('the nodes: age, links, users, rates, bus lag, lease')
    .option('--over <ms>', 'over how long to measure rates', wholeNumber(50, 60_000), 500)
    .addHelpText(
      'after',
      `
A node that does not answer is shown as such; one that went away in good order has left, and is shown
until its lease ends. Bus lag is how long a node's own announcement took to
come back to it through Redis. Exit status 1 when a node does not answer or is not ready.

Examples:
  routectl status
  routectl status --over 5000          rates over 5 s
  routectl status --json | jq '.nodes[] | {node, state, links: .view.links.open}'`,
    )
    .action(bind(status));
}

async function status(session: Session, { over }: StatusOptions): Promise<ExitCode> {
  const { nodes, redisNowMs } = await session.findNodes();
  const samples = await lookTwice(nodes, over);
  const gone = nodes.filter(({ alive }) => !alive);
  const { output } = session;
  show(output, {
    columns: NODE_COLUMNS,
    rows: samples,
    data: {
      redisNowMs: redisNowMs ?? null,
      nodes: samples.map(nodeData),
      gone: gone.map(({ node, leaseLeftMs }) => ({ node, leaseLeftMs })),
    },
  });
  if (!output.json) {
    for (const { known, answer } of samples) {
      if (answer.kind === 'silent' && !hasLeft(known, answer))
        output.note(`${known.node ?? 'a node'}: ${answer.why}`);
    }
    if (gone.length > 0)
      output.note(`${plural(gone.length, 'node')} gone lately: ${goneText(gone)}`);
  }
  return samples.every(isWell) ? EXIT.ok : EXIT.wrong;
}

function goneText(
  gone: readonly { node: string | undefined; leaseLeftMs: number | undefined }[],
): string {
  return gone
    .map(({ node, leaseLeftMs = 0 }) => `${node ?? '?'} (${duration(-leaseLeftMs)} ago)`)
    .join(', ');
}
