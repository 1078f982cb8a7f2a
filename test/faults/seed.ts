/** Names the variable by which a seed is given. */
export const SEED_VARIABLE = 'ROUTE_FAULTS_SEED';

/** The seed of the run to be repeated, if one is. */
export function givenSeed(): number | undefined {
  const given = process.env[SEED_VARIABLE];
  return given === undefined || given === '' ? undefined : Number(given);
}

/** A seed that no run has had before. */
export function newSeed(): number {
  return Date.now() % 2 ** 31;
}

/** So many seeds that no run has had before; those of one kind are none of the other. */
export function newSeeds(count: number, kind: 'even' | 'odd'): number[] {
  const first = newSeed() & ~1;
  return Array.from({ length: count }, (_, i) => first + 2 * i + (kind === 'even' ? 0 : 1));
}

/** The seed that was given, or a new one. It is printed: it repeats the test. */
export function seedOf(what: string): number {
  const seed = givenSeed() ?? newSeed();
  process.stdout.write(`${what}: seed ${seed}\n`);
  return seed;
}
