import { setTimeout as delay } from 'node:timers/promises';
import type { AdminClient, DrainResult } from '@route/admin-api';
import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { plural } from '../human.ts';
import { ask } from '../nodes.ts';
import { showJson } from '../output.ts';
import type { Bind, Session } from '../session.ts';

interface DrainOptions {
  readonly wait?: boolean;
}

const POLL_MS = 200;
/** Links get two seconds to end, the bus some to be flushed. */
const GRACE_MS = 15_000;

export function addDrain(program: Command, bind: Bind): void {
  program
    .command('drain')
    .argument('<node>', 'a node: its id, the beginning of it, or an address')
    .description('drain a node: close its links gradually, then stop it')
    .option('--wait', 'wait until the node has stopped')
    .addHelpText(
      'after',
      `
The same as SIGTERM: no new links, those there are closed over ROUTE_DRAIN_SECONDS, and the process
ends with status 0 (what runs it may start it again). Needs the node's token, in ROUTE_ADMIN_TOKEN or
ROUTE_ADMIN_TOKEN_FILE.

Examples:
  routectl drain k3f
  routectl drain 10.0.0.5:9200 --wait`,
    )
    .action(bind(drain));
}

async function drain(session: Session, name: string, options: DrainOptions): Promise<ExitCode> {
  const { node, admin } = await session.findAdmin(name);
  const result = await admin.drain();
  const { output } = session;
  if (options.wait === true) await untilGone(admin, result);
  if (output.json) showJson(output, { ...result, gone: options.wait === true });
  else if (options.wait === true) output.write(`${node} is gone\n`);
  else {
    const links = plural(result.links, 'link');
    output.write(`${node} goes away: ${links}, closed over ${result.overSeconds} s\n`);
  }
  return EXIT.ok;
}

async function untilGone(admin: AdminClient, { node, overSeconds }: DrainResult): Promise<void> {
  const end = performance.now() + overSeconds * 1000 + GRACE_MS;
  for (;;) {
    const answer = await ask(admin, (client) => client.node());
    // Another node may stand at its address by now.
    if (answer.kind === 'silent' || answer.value.node !== node) return;
    if (performance.now() > end) {
      throw new CommandError(EXIT.wrong, `${node} was asked to drain, but has not stopped`);
    }
    await delay(POLL_MS);
  }
}
