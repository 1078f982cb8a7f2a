/** Names the variable by which a seed is given. */
export const SEED_VARIABLE = 'ROUTE_FAULTS_SEED';

/** The seed that was given, or one that no run has had before. It is printed: it repeats the test. */
export function seedOf(what: string): number {
  const given = process.env[SEED_VARIABLE];
  const seed = given === undefined || given === '' ? Date.now() % 2 ** 31 : Number(given);
  process.stdout.write(`${what}: seed ${seed}\n`);
  return seed;
}
