import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { askServer } from '@route/fixtures';
import { describeMachine } from './machine.ts';
import { ProgressLine } from './progress-line.ts';
import { writeReport } from './report.ts';
import { judgeGoals } from './results.ts';
import { runScenario } from './runner.ts';
import type { Case, Effort, Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { type BenchRedis, startBenchRedis } from './subjects/redis.ts';
import { profilingEnv } from './subjects/route-nodes.ts';
import type { Finished } from './table.ts';

const FULL: Effort = { rounds: 3, attempts: 3, warmUpMs: 1_000, measureMs: 2_000, quick: false };
const QUICK: Effort = { rounds: 1, attempts: 1, warmUpMs: 700, measureMs: 1_000, quick: true };

const USAGE = `Usage: npm run bench -- [SCENARIO ...] [--quick] [--rounds N] [--out FOLDER]

Measures route nodes, and other relays beside them, on this machine. All scenarios by default:

${SCENARIOS.map(({ name, meaning }) => `  ${name.padEnd(20)}${meaning}`).join('\n')}

  --quick        one short round, no more than the curves' ends
  --rounds N     how often each case is measured (${FULL.rounds})
  --only TEXT    only cases whose subject, or place on a curve, contains this
  --profile DIR  route nodes write CPU profiles there (their figures are lower then)
  --out FOLDER   where results.json, results.md and the plots go (bench-results)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    profile: { type: 'string' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: 'bench-results' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const unknown = positionals.filter((name) => SCENARIOS.every((one) => one.name !== name));
if (unknown.length > 0) refuse(`no such scenario: ${unknown.join(', ')}`);
if (values.rounds !== undefined && !/^[1-9]\d?$/.test(values.rounds)) {
  refuse(`--rounds is ${values.rounds}, expected 1 to 99`);
}

const wanted = SCENARIOS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const chosen = values.quick ? QUICK : FULL;
const effort: Effort = { ...chosen, rounds: Number(values.rounds ?? chosen.rounds) };
// Nodes stop at once: links of a load need no drain.
const nodeEnv = {
  ROUTE_DRAIN_SECONDS: '0',
  ...(values.profile !== undefined && profilingEnv(resolve(values.profile))),
};
await measure(wanted);

async function measure(scenarios: readonly Scenario[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const progress = new ProgressLine(process.stderr);
  let started: Promise<BenchRedis> | undefined;
  const redis = (): Promise<BenchRedis> => {
    started ??= startBenchRedis().then((server) => stack.use(server));
    return started;
  };
  // Child processes end with this one, but a container would stay.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stack.disposeAsync().finally(() => process.exit(1)));
  }
  const preparation = { effort, nodeEnv, redis, say: (line: string) => progress.say(line) };
  const finished: Finished[] = [];
  for (const scenario of scenarios) {
    const only = { ...scenario, cases: async () => selected(await scenario.cases(preparation)) };
    const result = await runScenario(only, preparation, progress);
    for (const failure of result.failures) progress.say(failure);
    finished.push({ scenario, result, goals: judgeGoals(scenario, result) });
  }
  const [info = ''] = await askServer((await redis()).port, ['INFO', 'server']);
  const machine = await describeMachine(/redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown');
  progress.clear();
  if (finished.some(({ result }) => result.failures.length > 0)) process.exitCode = 1;
  const { table, files } = await writeReport({ machine, effort, finished, folder: values.out });
  process.stdout.write(`${table}\n\n${files.join('\n')}\n`);
}

function selected<T extends Pick<Case, 'subject' | 'at'>>(cases: readonly T[]): readonly T[] {
  return cases.filter(({ subject, at = '' }) => `${subject} at ${at}`.includes(values.only));
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
