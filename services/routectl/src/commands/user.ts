import type { ClientCounts, UserLink, UserView } from '@route/admin-api';
import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { moment } from '../human.ts';
import { ask } from '../nodes.ts';
import { type Column, show } from '../output.ts';
import type { Bind, Session } from '../session.ts';
import { userIds } from './arguments.ts';

/** One link of a user; undefined for an offline user. */
interface Row {
  readonly user: UserView;
  readonly link: UserLink | undefined;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'user', align: 'right', text: ({ user }) => String(user.userId) },
  {
    title: 'status',
    text: ({ user }) => (user.state === 'mobile-only' ? 'offline (phone)' : user.status),
  },
  { title: 'clients', text: ({ link }) => (link === undefined ? '-' : counts(link.clients)) },
  {
    title: 'away',
    text: ({ link }) =>
      link === undefined ? '-' : link.away === null ? '?' : counts(link.away) || 'none',
  },
  { title: 'link', text: ({ link }) => link?.link ?? '-' },
  { title: 'msg_server', text: ({ link }) => (link === undefined ? '-' : (link.peer ?? '?')) },
  {
    title: 'since, at the earliest',
    text: ({ link }) => {
      if (link === undefined) return '-';
      return link.openedAtMs === null ? '?' : moment(link.openedAtMs);
    },
  },
];

export function addUser(program: Command, bind: Bind): void {
  program
    .command('user')
    .argument('<id...>', 'user ids', userIds)
    .description('where users are: links, which clients, how many of each, since when')
    .addHelpText(
      'after',
      `
Status is what a status query answers: online with any PC client, else offline. Since when a user is
there is not kept; the link has been open since the time shown, so not for longer. What only the
link's own node knows is ? where that does not answer.

Examples:
  routectl user 4711
  routectl user 4711 4712 4713 --json`,
    )
    .action(bind(user));
}

async function user(session: Session, ids: readonly string[]): Promise<ExitCode> {
  const nodes = await session.findLive();
  const asked = await Promise.all(nodes.map(({ admin }) => ask(admin, (node) => node.users(ids))));
  const answers = asked.flatMap((answer) => (answer.kind === 'answered' ? [answer.value] : []));
  if (answers.length === 0) {
    const why = asked.map((answer) => (answer.kind === 'silent' ? answer.why : '')).join('; ');
    throw new CommandError(EXIT.unreachable, why);
  }
  const users = mergeUsers(answers.map((answer) => answer.users));
  const rows = users.flatMap((found): Row[] =>
    found.links.length === 0
      ? [{ user: found, link: undefined }]
      : found.links.map((link) => ({ user: found, link })),
  );
  show(session.output, { columns: COLUMNS, rows, data: { users } });
  return EXIT.ok;
}

/** All nodes report the same of users, but only a link's own node has its details. */
export function mergeUsers(answers: readonly (readonly UserView[])[]): UserView[] {
  const [first = [], ...others] = answers;
  return first.map((found, i) => ({
    ...found,
    links: found.links.map((link) => {
      const known = others
        .flatMap((users) => users[i]?.links ?? [])
        .find((other) => other.link === link.link && other.peer !== null);
      return link.peer === null && known !== undefined ? known : link;
    }),
  }));
}

function counts({ others, ...standard }: ClientCounts): string {
  return Object.entries({ ...standard, ...others })
    .filter(([, n]) => n > 0)
    .map(([type, n]) => (n === 1 ? type : `${n} ${type}`))
    .join(', ');
}
