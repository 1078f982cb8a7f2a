import { ApiRefusal, findSecretFlags, secretFlagProblem, Unreachable } from '@route/admin-api';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addCloseLink } from './commands/close-link.ts';
import { addCompletion } from './commands/completion.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrain } from './commands/drain.ts';
import { addLinks } from './commands/links.ts';
import { addRebalance } from './commands/rebalance.ts';
import { addReplay } from './commands/replay.ts';
import { addStatus } from './commands/status.ts';
import { addTop } from './commands/top.ts';
import { addUser } from './commands/user.ts';
import { addWatch } from './commands/watch.ts';
import { CommandError, EXIT, type ExitCode } from './exit-codes.ts';
import { refusalText } from './nodes.ts';
import type { Output } from './output.ts';
import { type Bind, type GlobalOptions, Session } from './session.ts';
import { visible, visibleLines } from './visible.ts';

/** Where a run gets its words from, and where they go. */
export interface Invocation {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  stdout(text: string): void;
  stderr(text: string): void;
}

const CLEAR = '\x1b[H\x1b[2J';

const DESCRIPTION = `Inspects and operates a route cluster.

Nodes are found through any one of them (--admin or ROUTE_ADMIN), or through their Redis (--redis or REDIS_URL, REDIS_SENTINELS, REDIS_CLUSTER; nothing is written there). With none of these, through the node at 127.0.0.1:9200.

The token is sent only with commands that need it (drain, close-link, rebalance, watch), and only to the addresses above and those of --token-to: never to one that only the nodes' registry in Redis names.`;

const EPILOGUE = `
Exit status: 0 all is well, 1 something is wrong or was refused,
2 bad command line, 3 no node reached.

Examples:
  routectl status                                    the nodes and how they are
  routectl --admin 10.0.0.5:9200 links               all links, found through one node
  routectl --redis redis://10.0.0.9 doctor           what is wrong, and what to do
  routectl user 4711 --json                          where a user is, for a script
  ROUTE_ADMIN_TOKEN_FILE=token routectl drain k3f --token-to 10.0.0.0/24
                                                     drain a node
`;

/**
 * Runs one command line.
 * @returns the exit status.
 * @throws CommandError where a command cannot go on.
 */
export async function run(invocation: Invocation): Promise<ExitCode> {
  let status: ExitCode = EXIT.ok;
  refuseSecretFlags(invocation.argv);
  const program = routectl(invocation, (code) => {
    status = code;
  });
  try {
    await program.parseAsync([...invocation.argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof Unreachable) throw new CommandError(EXIT.unreachable, error.message);
    if (error instanceof ApiRefusal) {
      const isQuestion = error.code === 'bad-request';
      throw new CommandError(isQuestion ? EXIT.usage : EXIT.wrong, refusalText(error));
    }
    throw error;
  }
  return status;
}

/** @throws CommandError for a flag that gives a secret; its value is not repeated. */
function refuseSecretFlags(argv: readonly string[]): void {
  const [flag] = findSecretFlags(argv);
  if (flag !== undefined) throw new CommandError(EXIT.usage, secretFlagProblem(flag));
}

/** The command line as a tree of commands. */
export function routectl(invocation: Invocation, done: (status: ExitCode) => void): Command {
  const program = new Command('routectl')
    .description(DESCRIPTION)
    .version(packageJson.version)
    .option('--admin <host:port,...>', 'admin ports of one node or several')
    .option('--redis <url>', 'the Redis of the cluster, redis:// or rediss://')
    .option('--namespace <name>', 'ROUTE_NAMESPACE of the cluster (default: "route")')
    .option('--token-file <file>', 'file with ROUTE_ADMIN_TOKEN, to change state')
    .option(
      '--token-to <host[:port]|network,...>',
      'further receivers of the token, beside --admin (default: ROUTE_ADMIN_TOKEN_TO)',
    )
    .option('--timeout <seconds>', 'how long to wait for an answer', secondsArgument, 3)
    .option('--json', 'write JSON instead of tables')
    .addHelpText('after', EPILOGUE)
    .showHelpAfterError('(see routectl --help)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => invocation.stdout(text),
      writeErr: (text) => invocation.stderr(text),
    });
  const bind: Bind =
    (action) =>
    async (...args) => {
      const options = program.opts<GlobalOptions>();
      const output: Output = {
        json: options.json === true,
        isTerminal: invocation.isTerminal,
        write: (text) => invocation.stdout(visibleLines(text)),
        redraw: (text) => {
          invocation.stdout(`${invocation.isTerminal ? CLEAR : ''}${visibleLines(text)}`);
        },
        note: (text) => invocation.stderr(`${visible(text)}\n`),
      };
      done(await action(new Session(options, invocation.environment, output), ...args));
    };
  for (const add of [addStatus, addLinks, addUser, addTop, addWatch, addDrain, addCloseLink]) {
    add(program, bind);
  }
  for (const add of [addRebalance, addDoctor, addReplay, addCompletion]) add(program, bind);
  return program;
}

function secondsArgument(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 600) return seconds;
  throw new InvalidArgumentError('expected seconds, more than 0 and up to 600.');
}
