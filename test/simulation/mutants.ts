import type { Planted } from './hooks.ts';

/** A fault that is planted in the code under test, which the simulation has to find. */
export interface Mutant {
  readonly name: string;
  /** What it breaks. */
  readonly breaks: string;
  readonly changes: readonly Planted[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-repeat',
    breaks: 'frames that a node lacks are not sent again',
    changes: [
      {
        file: 'packages/bus/src/receiver.ts',
        find: 'own.repeat(sender, aboutMe.missing);',
        put: '',
      },
    ],
  },
];

/** @throws Error when there is none of that name. */
export function mutantNamed(name: string): Mutant {
  const mutant = MUTANTS.find((known) => known.name === name);
  if (mutant === undefined) {
    throw new Error(
      `mutant is ${name}, expected one of ${MUTANTS.map((known) => known.name).join(' ')}`,
    );
  }
  return mutant;
}
