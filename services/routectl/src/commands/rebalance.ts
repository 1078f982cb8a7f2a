import type { RebalanceResult } from '@route/admin-api';
import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { type Answer, ask } from '../nodes.ts';
import { type Column, show } from '../output.ts';
import type { Bind, Session } from '../session.ts';

interface RebalanceOptions {
  readonly node?: string;
}

interface Row {
  readonly node: string;
  readonly answer: Answer<RebalanceResult>;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'node', text: ({ node }) => node },
  { title: 'links', align: 'right', text: of(({ links }) => String(links)) },
  { title: 'fair share', align: 'right', text: of(({ fairShare }) => String(fairShare)) },
  { title: 'closing', align: 'right', text: of(({ closing }) => String(closing)) },
  { title: 'problem', text: ({ answer }) => (answer.kind === 'silent' ? answer.why : '') },
];

function of(text: (result: RebalanceResult) => string): (row: Row) => string {
  return ({ answer }) => (answer.kind === 'answered' ? text(answer.value) : '-');
}

export function addRebalance(program: Command, bind: Bind): void {
  program
    .command('rebalance')
    .description('close links of nodes above their fair share, gradually')
    .option('--node <id>', 'only this node: an id, its beginning, or an address')
    .addHelpText(
      'after',
      `
Links live for months, so a new node stays empty. Links are closed as in a drain: their
msg_servers reconnect within seconds, and no user is seen offline. Needs the nodes' token, in
ROUTE_ADMIN_TOKEN or ROUTE_ADMIN_TOKEN_FILE.

Examples:
  routectl rebalance
  routectl rebalance --node k3f`,
    )
    .action(bind(rebalance));
}

async function rebalance(session: Session, { node }: RebalanceOptions): Promise<ExitCode> {
  const nodes = await session.findLive(node);
  const rows = await Promise.all(
    nodes.map(async (known): Promise<Row> => {
      const answer = await ask(known.admin, (admin) => admin.rebalance());
      return { node: known.node ?? known.admin?.address ?? '?', answer };
    }),
  );
  const data = rows.map(({ node: id, answer }) =>
    answer.kind === 'answered' ? answer.value : { node: id, problem: answer.why },
  );
  show(session.output, { columns: COLUMNS, rows, data: { nodes: data } });
  if (rows.length === 0) throw new CommandError(EXIT.unreachable, 'no node is alive');
  return rows.every(({ answer }) => answer.kind === 'answered') ? EXIT.ok : EXIT.wrong;
}
