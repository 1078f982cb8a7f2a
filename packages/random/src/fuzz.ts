import { Random } from './random.ts';

/** Variable with the number of inputs of each fuzz test; `npm run fuzz -- --inputs N` sets it. */
export const FUZZ_INPUTS_VARIABLE = 'ROUTE_FUZZ_INPUTS';

/** Names the variable with the seed of each fuzz test; `npm run fuzz -- --seed N` sets it. */
export const FUZZ_SEED_VARIABLE = 'ROUTE_FUZZ_SEED';

const DEFAULT_INPUTS = 20_000;

/**
 * Runs `check` for each of the inputs of a fuzz test: 20,000, or the number in ROUTE_FUZZ_INPUTS.
 * Prints the seed, which is new in each run unless ROUTE_FUZZ_SEED gives one.
 * @throws Error naming the seed and the number of the input when `check` throws, with the error as
 * its cause.
 */
export function fuzz(what: string, check: (random: Random) => void): void {
  const inputs = numberFrom(FUZZ_INPUTS_VARIABLE) ?? DEFAULT_INPUTS;
  const seed = numberFrom(FUZZ_SEED_VARIABLE) ?? Date.now() % 2 ** 31;
  process.stdout.write(`fuzz ${what}: ${inputs} inputs, seed ${seed}\n`);
  const random = new Random(seed);
  for (let input = 1; input <= inputs; input++) {
    try {
      check(random);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`fuzz ${what}: input ${input} of seed ${seed}: ${reason}`, { cause });
    }
  }
}

/** How long a fuzz test may take, in ms: a minute for 20,000 inputs, as the machine may be busy. */
export function fuzzTimeoutMs(): number {
  const inputs = numberFrom(FUZZ_INPUTS_VARIABLE) ?? DEFAULT_INPUTS;
  return 60_000 * Math.max(1, inputs / DEFAULT_INPUTS);
}

function numberFrom(variable: string): number | undefined {
  const value = process.env[variable];
  return value === undefined || value === '' ? undefined : Number(value);
}
