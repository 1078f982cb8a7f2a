/** The environment variable for a seed. */
export const SEED_VARIABLE = 'ROUTE_FAULTS_SEED';

/** The seed of the run to repeat, if given. */
export function givenSeed(): number | undefined {
  const given = process.env[SEED_VARIABLE];
  return given === undefined || given === '' ? undefined : Number(given);
}

/** Returns a new random seed. */
function newSeed(): number {
  return Date.now() % 2 ** 31;
}

/** Returns `count` new random seeds, disjoint between kinds. */
export function newSeeds(count: number, kind: 'even' | 'odd'): number[] {
  const first = newSeed() & ~1;
  return Array.from({ length: count }, (_, i) => first + 2 * i + (kind === 'even' ? 0 : 1));
}

/** Returns the given seed, or a new one, and prints it, so that the test can be repeated. */
export function seedOf(what: string): number {
  const seed = givenSeed() ?? newSeed();
  process.stdout.write(`${what}: seed ${seed}\n`);
  return seed;
}
