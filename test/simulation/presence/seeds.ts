import { type Plan, readPlan } from './plan.ts';
import { makePlan } from './random-plan.ts';
import { type Outcome, run } from './run.ts';
import { shrink } from './shrink.ts';

export interface SeedsOptions {
  /** The first seed; later schedules use the following numbers. */
  readonly seed: number;
  readonly schedules: number;
  /** Real time in ms after which no further schedule starts. */
  readonly forMs: number;
  /** Schedules as JSON that run before those from seeds, by name. */
  readonly replays: ReadonlyMap<string, string>;
  readonly verbose: boolean;
  readonly shrinks: boolean;
  /** Number of failing schedules after which it stops. */
  readonly failuresToKeep: number;
  print(line: string): void;
}

/** Runs one schedule after another. @returns the number of failures. */
export async function runSeeds(options: SeedsOptions): Promise<number> {
  const { seed, schedules, forMs, replays, print } = options;
  const begunAt = performance.now();
  const sums = { schedules: 0, virtualMs: 0, notifications: 0, answers: 0, digest: 0, failures: 0 };
  let rejection: unknown;
  process.on('unhandledRejection', (error) => {
    rejection ??= error;
  });
  print(`presence simulation: seed ${seed}`);
  const given = [...replays];
  const last = given.length + schedules;
  while (sums.schedules < last && performance.now() - begunAt < forMs) {
    const [name, text] = given[sums.schedules] ?? [];
    const plan =
      text === undefined ? makePlan(seed + sums.schedules - given.length) : readPlan(text);
    const outcome = await runOutside(plan, options);
    sums.schedules++;
    sums.virtualMs += outcome.virtualMs;
    sums.notifications += outcome.notifications;
    sums.answers += outcome.answers;
    sums.digest = (Math.imul(sums.digest, 31) + outcome.digest) >>> 0;
    const [problem] = outcome.problems;
    if (problem === undefined && rejection === undefined) continue;
    sums.failures++;
    print(`FAILED: ${name ?? `seed ${plan.seed}`}`);
    if (rejection !== undefined)
      print(`a promise was rejected and nothing handles that: ${String(rejection)}`);
    for (const { check, text } of outcome.problems) print(`  ${check}: ${text}`);
    if (problem !== undefined && options.shrinks) await printShrunk(plan, problem.check, print);
    rejection = undefined;
    if (sums.failures >= options.failuresToKeep) break;
  }
  const seconds = (performance.now() - begunAt) / 1000;
  const { virtualMs, notifications, answers, digest } = sums;
  print(
    `${sums.schedules} schedules, ${(virtualMs / 3_600_000).toFixed(2)} simulated hours, in ${seconds.toFixed(1)} s: ` +
      `${notifications} notifications, ${answers} answers, ${sums.failures} failed; digest ${digest}`,
  );
  return sums.failures;
}

/** Runs in its own turn of the loop: inside a promise, no other promise could be settled. */
async function runOutside(plan: Plan, { verbose, print }: SeedsOptions): Promise<Outcome> {
  return await new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(run(plan, verbose ? print : undefined));
      } catch (error) {
        reject(error);
      }
    });
  });
}

async function printShrunk(
  plan: Plan,
  check: Parameters<typeof shrink>[1],
  print: (line: string) => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      const short = shrink(plan, check);
      const { problems } = run(short);
      print('as short as it could be made:');
      for (const problem of problems) print(`  ${problem.check}: ${problem.text}`);
      print(JSON.stringify(short));
      resolve();
    });
  });
}
