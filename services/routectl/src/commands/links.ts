import type { LinkView } from '@route/admin-api';
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { bytes, count, duration } from '../human.ts';
import { ask, hasLeft } from '../nodes.ts';
import { type Column, show } from '../output.ts';
import type { Bind, Session } from '../session.ts';

interface LinksOptions {
  readonly node?: string;
}

/** A link, by the clock of the machine that asks. */
type Row = LinkView & { readonly ageMs: number };

const COLUMNS: readonly Column<Row>[] = [
  { title: 'link', text: ({ link }) => link },
  { title: 'msg_server', text: ({ peer }) => peer },
  { title: 'age', align: 'right', text: ({ ageMs }) => duration(ageMs) },
  { title: 'role', text: ({ role, counts }) => (counts ? role : `${role}, standby`) },
  { title: 'users', align: 'right', text: ({ users }) => count(users) },
  { title: 'pdus in', align: 'right', text: ({ receivedPdus }) => count(receivedPdus) },
  { title: 'in', align: 'right', text: ({ receivedBytes }) => bytes(receivedBytes) },
  { title: 'out', align: 'right', text: ({ sentBytes }) => bytes(sentBytes) },
  { title: 'unsent', align: 'right', text: ({ unsentBytes }) => bytes(unsentBytes) },
  { title: 'silent', align: 'right', text: ({ silentMs }) => duration(silentMs) },
  { title: 'state', text: ({ state, reading }) => (state === 'ending' ? 'ending' : reading) },
];

export function addLinks(program: Command, bind: Bind): void {
  program
    .command('links')
    .description('all links: msg_server, age, users, traffic, unsent bytes')
    .option('--node <id>', 'only this node’s: an id, its beginning, or an address')
    .addHelpText(
      'after',
      `
Examples:
  routectl links
  routectl links --node k3f
  routectl links --json | jq '[.links[] | select(.unsentBytes > 1000000) | .link]'`,
    )
    .action(bind(links));
}

async function links(session: Session, { node }: LinksOptions): Promise<ExitCode> {
  const nodes = await session.findLive(node);
  const asked = await Promise.all(
    nodes.map(async (known) => ({
      known,
      answer: await ask(known.admin, async (admin) => {
        const [view, { nowMs }] = await Promise.all([admin.links(), admin.node()]);
        return view.links.map((link) => ({ ...link, ageMs: nowMs - link.openedAtMs }));
      }),
    })),
  );
  const rows = asked.flatMap(({ answer }) => (answer.kind === 'answered' ? answer.value : []));
  const silent = asked.flatMap(({ known, answer }) =>
    answer.kind === 'silent' && !hasLeft(known, answer)
      ? [{ node: known.node ?? null, problem: answer.why }]
      : [],
  );
  if (!session.output.json && rows.length === 0) session.output.note('no links are open');
  else show(session.output, { columns: COLUMNS, rows, data: { links: rows, silent } });
  if (!session.output.json) {
    for (const { node: id, problem } of silent)
      session.output.note(`${id ?? 'a node'}: ${problem}`);
  }
  return silent.length === 0 ? EXIT.ok : EXIT.wrong;
}
