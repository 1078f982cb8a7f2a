import {
  directed,
  openTraceLink,
  parseTrace,
  readable,
  replay,
  Stillness,
  type Trace,
} from '@route/golden-replay';
import { errorText } from '@route/redis';
import type { Delivery } from './commands/arguments.ts';
import { CommandError, EXIT, type ExitCode } from './exit-codes.ts';
import { plural } from './human.ts';
import { ask, type KnownNode } from './nodes.ts';
import { showJson } from './output.ts';
import { parseAddresses, readText } from './redis-options.ts';
import type { Session } from './session.ts';
import { differences } from './trace-differences.ts';

/** How to replay. */
export interface ReplayOptions {
  readonly to?: string;
  readonly delivery: Delivery;
  readonly evenWithLinks?: boolean;
}

/** Replays a trace and reports links that received something else. */
export async function replayFile(
  session: Session,
  file: string,
  options: ReplayOptions,
): Promise<ExitCode> {
  const { delivery } = options;
  const trace = readTrace(file, delivery);
  const live = await session.findLive();
  if (options.evenWithLinks !== true) await refuseWithLinks(live);
  const targets = parseAddresses(
    '--to',
    options.to ?? live.flatMap(({ info }) => info?.listen ?? []).join(','),
  );
  const found = await differencesOf(trace, targets);
  const { output } = session;
  if (output.json) {
    showJson(output, {
      trace: trace.name,
      delivery,
      nodes: targets.length,
      equal: found.length === 0,
      differences: found,
    });
  } else if (found.length === 0) {
    const links = plural(trace.links.length, 'link');
    output.write(`${trace.name}: equal, ${links} on ${plural(targets.length, 'node')}\n`);
  } else {
    output.write(`${trace.name}: ${plural(found.length, 'difference')}\n`);
    for (const { link, expected, received } of found) {
      output.write(
        `  ${link}\n    expected ${expected ?? 'nothing'}\n    received ${received ?? 'nothing'}\n`,
      );
    }
  }
  return found.length === 0 ? EXIT.ok : EXIT.wrong;
}

async function differencesOf(trace: Trace, targets: readonly { host: string; port: number }[]) {
  const open = openTraceLink;
  try {
    await using stillness = await Stillness.of(targets, open);
    const outcome = await replay(trace, { nodes: targets, open, stillness });
    return differences(readable(trace), readable(outcome));
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandError(EXIT.unreachable, `a node cannot be reached: ${error.message}`);
  }
}

async function refuseWithLinks(nodes: readonly KnownNode[]): Promise<void> {
  const answers = await Promise.all(
    nodes.map(({ admin }) => ask(admin, async (node) => (await node.node()).links.open)),
  );
  const links = answers.reduce(
    (sum, answer) => sum + (answer.kind === 'answered' ? answer.value : 0),
    0,
  );
  if (links === 0) return;
  throw new CommandError(
    EXIT.wrong,
    `${plural(links, 'link')} are open, and their msg_servers would receive the replay: ` +
      'expected a cluster without links, or --even-with-links',
  );
}

/** The expected result in this delivery mode. */
function readTrace(file: string, delivery: Delivery): Trace {
  const text = readText('file', file);
  try {
    const trace = parseTrace(JSON.parse(text));
    return delivery === 'directed' ? directed(trace) : trace;
  } catch (error) {
    const reason = errorText(error);
    throw new CommandError(EXIT.usage, `${file} is no trace: ${reason}`);
  }
}
