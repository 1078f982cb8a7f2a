import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Arguments, HELP, readArguments } from './arguments.ts';
import { JsonView } from './json-view.ts';
import { LineView } from './line-view.ts';
import { givenTarget, startOwnCluster, type Target } from './own-cluster.ts';
import { Simulation } from './simulation.ts';
import { TerminalView } from './terminal-view.ts';
import { allHold, type View } from './view.ts';

const EXIT = { ok: 0, failed: 1, usage: 2, killed: 130 } as const;
const SEEDS = 2 ** 32;
const RUNS = 2 ** 16;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the simulation. Returns the exit status. */
async function main(): Promise<number> {
  const invocation = readArguments(process.argv.slice(2), randomInt(SEEDS));
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(HELP);
      return EXIT.ok;
    case 'bad-usage':
      process.stderr.write(`${invocation.problems.join('\n')}\n\n${HELP}`);
      return EXIT.usage;
    case 'run':
      return await run(invocation.args);
  }
}

async function run(args: Arguments): Promise<number> {
  const stop = new AbortController();
  await using stack = new AsyncDisposableStack();
  let ours: Target | undefined;
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      if (stop.signal.aborted) {
        ours?.kill();
        process.exit(EXIT.killed);
      }
      stop.abort();
    });
  }
  const words = new Words(args);
  const target =
    args.route.length > 0
      ? givenTarget(args.route)
      : await startOwnCluster({
          delivery: args.delivery,
          say: (line) => words.say(line),
          onStarting: (starting) => {
            ours = stack.use(starting);
          },
        });
  if (stop.signal.aborted) return EXIT.ok;
  if (target === undefined) return EXIT.failed;
  return await simulate({ args, target, words, stop: stop.signal });
}

interface Run {
  readonly args: Arguments;
  readonly target: Target;
  readonly words: Words;
  readonly stop: AbortSignal;
}

async function simulate({ args, target, words, stop }: Run): Promise<number> {
  const view = makeView(args);
  await using simulation = new Simulation({
    ...args,
    addresses: target.addresses,
    servers: args.msgServers,
    run: randomInt(RUNS),
    onEvent: (event) => view.event(event),
  });
  const linked = await simulation.connect();
  if (linked === 0) {
    process.stderr.write(`No node accepts links at ${target.addresses.join(', ')}.\n`);
    return EXIT.failed;
  }
  words.say = (line) => simulation.tell(line);
  simulation.begin();
  const showing = setInterval(() => view.show(simulation.picture(target.ours())), view.everyMs);
  try {
    await pause(args.duration, stop);
    view.settling();
    const last = await simulation.finish(target.ours());
    clearInterval(showing);
    view.finish(last);
    return allHold(last) ? EXIT.ok : EXIT.failed;
  } finally {
    clearInterval(showing);
  }
}

/** Waits until the time has passed or a signal arrives. */
async function pause(seconds: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  const ms = Number.isFinite(seconds) ? seconds * 1000 : MOST_TIMER_MS;
  await delay(ms, undefined, { signal: stop }).catch(() => {
    // Stopped by a signal.
  });
}

const MOST_TIMER_MS = 2 ** 31 - 1;

function makeView({ json, seed }: Arguments): View {
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  if (json) return new JsonView(write);
  if (!process.stdout.isTTY) return new LineView(write);
  const size = () => ({ columns: process.stdout.columns, rows: process.stdout.rows });
  const view = new TerminalView({ write, size }, seed);
  process.once('exit', () => view.leave());
  return view;
}

/** Output for the cluster's messages: neither among JSON lines nor over a picture. */
class Words {
  say: (line: string) => void;

  constructor({ json }: Arguments) {
    const stream = json ? process.stderr : process.stdout;
    this.say = (line) => stream.write(`${line}\n`);
  }
}

process.exitCode = await main();
