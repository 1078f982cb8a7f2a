import type { WatchedPdu, WatchMessage } from '@route/admin-api';
import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { plural } from '../human.ts';
import { type Answer, ask } from '../nodes.ts';
import { type Output, showJsonLine } from '../output.ts';
import type { Bind, Session } from '../session.ts';
import { untilSignal } from '../until-signal.ts';
import { visible } from '../visible.ts';
import { wholeNumber } from './arguments.ts';

interface WatchCommandOptions {
  readonly command?: readonly string[];
  readonly link?: string;
  readonly rate: number;
  readonly count: number;
  readonly decode?: boolean;
  readonly bodies?: boolean;
}

export function addWatch(program: Command, bind: Bind): void {
  program
    .command('watch')
    .description('PDUs as they pass through all nodes: headers, and more on request')
    .option('--command <name,...>', 'only these commands', (text) => text.split(','))
    .option('--link <id>', 'only what this link sends')
    .option('--rate <n>', 'maximum PDUs per second from each node', wholeNumber(1, 1000), 20)
    .option(
      '--count <n>',
      'stop after this number of PDUs',
      wholeNumber(1, 1e9),
      Number.POSITIVE_INFINITY,
    )
    .option('--decode', 'also the fields of bodies; only the length of user text')
    .option(
      '--bodies',
      'also the text of users: needs the token, and ROUTE_WATCH_BODIES=on at the node',
    )
    .addHelpText(
      'after',
      `
Each PDU is seen once, at the node that its link is on. What nodes make of updates (login_status_notify,
status_notify) is shown with the link -. What is faster than --rate is counted and not shown. An unknown
command is refused with the names of all.

Examples:
  routectl watch
  routectl watch --command user_status_update,server_kick_user --decode
  routectl watch --json --count 1000 > pdus.jsonl`,
    )
    .action(bind(watch));
}

async function watch(session: Session, options: WatchCommandOptions): Promise<ExitCode> {
  const nodes = await session.findLive();
  const { output } = session;
  let left = options.count;
  const ends: Answer<void>[] = [];
  await untilSignal(async (signal) => {
    const enough = new AbortController();
    const any = AbortSignal.any([signal, enough.signal]);
    const { command: commands, ...filters } = options;
    const asked = commands === undefined ? filters : { ...filters, commands };
    const followed = nodes.map(async ({ node, admin }) => {
      const end = await ask(admin, async (client) => {
        for await (const message of client.watch(asked, any)) {
          if (left <= 0) return;
          if (message.kind === 'pdu') left--;
          tell(output, message);
          if (left <= 0) enough.abort();
        }
      });
      ends.push(end);
      if (end.kind === 'silent') output.note(`${node ?? 'a node'}: ${end.why}`);
      else if (!any.aborted) output.note(`${node ?? 'a node'}: has ended`);
    });
    await Promise.all(followed);
  });
  const silent = ends.flatMap((end) => (end.kind === 'silent' ? [end.why] : []));
  if (silent.length < ends.length) return EXIT.ok;
  throw new CommandError(EXIT.wrong, `no node allows watching: ${silent[0] ?? 'there is no node'}`);
}

function tell(output: Output, message: WatchMessage): void {
  if (output.json) showJsonLine(output, message);
  else output.write(`${visible(lineOf(message))}\n`);
}

/** One message as a line for people. */
export function lineOf(message: WatchMessage): string {
  const time = new Date(message.atMs).toISOString().slice(11, 23);
  if (message.kind === 'dropped') {
    return `${time}  ${message.node}  (${plural(message.pdus, 'PDU')} more, not shown)`;
  }
  const { link, peer, command, length, seqNum } = message;
  const from = link === null ? `${message.node}  -` : `${link}  ${peer ?? '?'}`;
  const seq = seqNum === 0 ? '' : `  seq ${seqNum}`;
  return `${time}  ${from}  ${nameOf(command, message)}  ${length} B${seq}${bodyOf(message)}`;
}

function nameOf(command: string, { commandId }: WatchedPdu): string {
  return command === 'unknown' ? `0x${commandId.toString(16).padStart(4, '0')}` : command;
}

function bodyOf({ fields, bodyHex }: WatchedPdu): string {
  const hex = bodyHex === undefined ? '' : `  ${bodyHex}`;
  if (fields === undefined) return hex;
  return fields === null ? `  (does not parse)${hex}` : `  ${JSON.stringify(fields)}${hex}`;
}
