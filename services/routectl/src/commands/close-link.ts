import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { showJson } from '../output.ts';
import type { Bind, Session } from '../session.ts';

export function addCloseLink(program: Command, bind: Bind): void {
  program
    .command('close-link')
    .argument('<id>', 'a link, as routectl links lists it')
    .description('close one link; its msg_server reconnects')
    .addHelpText(
      'after',
      `
Its users are kept for one lease (ROUTE_LEASE_SECONDS): users back by then are never seen
offline. Needs the node's token, in ROUTE_ADMIN_TOKEN or ROUTE_ADMIN_TOKEN_FILE.

Example:
  routectl close-link k3f7q2m5xw4a.1c`,
    )
    .action(bind(closeLink));
}

async function closeLink(session: Session, link: string): Promise<ExitCode> {
  if (!/^[^.]+\.[0-9a-z]+$/.test(link)) {
    throw new CommandError(
      EXIT.usage,
      `link is ${JSON.stringify(link)}: expected a node's id, a dot and a number, as routectl links lists it`,
    );
  }
  const { admin } = await session.findAdmin(link.slice(0, link.indexOf('.')));
  const result = await admin.closeLink(link);
  if (session.output.json) showJson(session.output, result);
  else session.output.write(`${result.link} of ${result.peer} is being closed\n`);
  return EXIT.ok;
}
