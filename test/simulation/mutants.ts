import { BUS_MUTANTS } from './mutants/bus-mutants.ts';
import { LINKS_MUTANTS } from './mutants/links-mutants.ts';
import type { Mutant } from './mutants/mutant.ts';
import { ROUTING_MUTANTS } from './mutants/routing-mutants.ts';

/** All faults that can be planted in the code of bus, links and routing. */
export const MUTANTS: readonly Mutant[] = [...BUS_MUTANTS, ...LINKS_MUTANTS, ...ROUTING_MUTANTS];

/** @throws Error if no mutant has this name. */
export function mutantNamed(name: string): Mutant {
  const mutant = MUTANTS.find((known) => known.name === name);
  if (mutant === undefined) {
    throw new Error(
      `mutant is ${name}, expected one of ${MUTANTS.map((known) => known.name).join(' ')}`,
    );
  }
  return mutant;
}
